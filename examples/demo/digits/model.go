package digits

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// ModelFile is the name that a model has inside a folder.
const ModelFile = "model.json"

// ReadModel reads a network from a file, or from the ModelFile of a folder. The digest is the file's own,
// "sha256:" and 64 hexadecimal digits.
func ReadModel(path string) (network *Network, digest string, err error) {
	if path == "" {
		return nil, "", errors.New("no model: set MODEL_PATH, or --model, to a model file or its folder")
	}
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		path = filepath.Join(path, ModelFile)
	}
	encoded, err := os.ReadFile(path)
	if err != nil {
		return nil, "", fmt.Errorf("reading the model: %w", err)
	}
	network, err = Decode(encoded)
	if err != nil {
		return nil, "", fmt.Errorf("model %s: %w", path, err)
	}
	return network, fmt.Sprintf("sha256:%x", sha256.Sum256(encoded)), nil
}
