package daemon

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// record is what is remembered of an engine that this program started, so that only such an engine is ever stopped.
type record struct {
	Host    string       `json:"host"`              // DOCKER_HOST of the engine
	Service bool         `json:"service,omitempty"` // started as the system's own service, not as a private process
	Before  *hostNetwork `json:"before,omitempty"`  // the machine's network settings that the engine changes
}

func recordPath(dir string, flavour Flavour) string {
	return filepath.Join(dir, string(flavour)+".json")
}

// readRecord gives nil when this program has started no engine of the flavour.
func readRecord(dir string, flavour Flavour) (*record, error) {
	content, err := os.ReadFile(recordPath(dir, flavour))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var rec record
	if err := json.Unmarshal(content, &rec); err != nil {
		return nil, err
	}
	return &rec, nil
}

func (r *record) write(dir string, flavour Flavour) error {
	content, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	return os.WriteFile(recordPath(dir, flavour), append(content, '\n'), 0o644)
}

func removeRecord(dir string, flavour Flavour) error {
	err := os.Remove(recordPath(dir, flavour))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
