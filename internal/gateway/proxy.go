package gateway

import (
	"archive/tar"
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
)

// gatewayUser is nobody: the proxy needs no more, and owns its files.
const (
	gatewayUID  = 65534
	gatewayUser = "65534:65534"
)

// proxy is the HAProxy in one running container.
type proxy struct {
	docker Docker
	id     string
}

// errRefused says that the proxy finds fault with a configuration, and goes on
// with the one that it has.
var errRefused = errors.New("the proxy refuses the configuration")

// run runs one of the scripts; an exit code other than 0 is an error.
func (p proxy) run(ctx context.Context, script string, input ...string) (string, error) {
	got, err := p.docker.Exec(ctx, p.id, docker.ExecRequest{
		Cmd: []string{"sh", "-c", script}, Stdin: []byte(strings.Join(input, "\n")),
	})
	if err != nil {
		return "", err
	}
	text := deployment.Sanitise(cmp.Or(strings.TrimSpace(got.Stderr), strings.TrimSpace(got.Stdout), "no output"))
	switch got.ExitCode {
	case 0:
		return got.Stdout, nil
	case 3:
		return "", fmt.Errorf("%w: %s", errRefused, text)
	case 4:
		return "", fmt.Errorf("the proxy has no new worker after 10s: %s", text)
	default:
		return "", fmt.Errorf("a program in the gateway ended with exit code %d: %s", got.ExitCode, text)
	}
}

// ready returns when a worker serves.
func (p proxy) ready(ctx context.Context) error {
	_, err := p.run(ctx, readyScript)
	return err
}

// look reads the configuration, and the maps of the current worker.
func (p proxy) look(ctx context.Context) (have, running files, err error) {
	out, err := p.run(ctx, lookScript)
	if err != nil {
		return nil, nil, err
	}
	have, running = parseLook(out)
	return have, running, nil
}

// reload lets a new worker take over with other files.
func (p proxy) reload(ctx context.Context, f files) error {
	if err := p.docker.CopyTo(ctx, p.id, folder, archive(f, ".new", "")); err != nil {
		return fmt.Errorf("copying the configuration: %w", err)
	}
	// The configuration comes last: whenever the gateway restarts, it finds what
	// its configuration wants.
	_, err := p.run(ctx, reloadScript, append(slices.Sorted(maps.Keys(f.maps())), configFile)...)
	return err
}

// setMaps changes the maps at run time, and for the next restart.
func (p proxy) setMaps(ctx context.Context, f files) error {
	f = f.maps()
	if err := p.docker.CopyTo(ctx, p.id, folder, archive(f, ".new", "")); err != nil {
		return fmt.Errorf("copying the maps: %w", err)
	}
	out, err := p.run(ctx, mapsScript, slices.Sorted(maps.Keys(f))...)
	if out = strings.TrimSpace(out); err == nil && out != exchangedMark { // the proxy itself says nothing where it succeeds
		err = fmt.Errorf("the proxy does not take the maps: %s", deployment.Sanitise(cmp.Or(out, "no worker of it answers")))
	}
	return err
}

// workers are all workers with the servers that they know.
func (p proxy) workers(ctx context.Context) ([]worker, error) {
	out, err := p.run(ctx, askScript, "show stat -1 4 -1", "")
	if err != nil {
		return nil, err
	}
	return parseWorkers(out)
}

// tell sends commands to workers: PID and command. What is answered is an error
// of the command; a worker that has gone meanwhile does not matter.
func (p proxy) tell(ctx context.Context, commands ...string) error {
	if len(commands) == 0 {
		return nil
	}
	out, err := p.run(ctx, tellScript, append(commands, "")...) // read takes whole lines
	if err != nil {
		return err
	}
	for line := range strings.Lines(out) {
		if line = strings.TrimSpace(line); line != "" && !strings.Contains(line, "Can't find the target") && !strings.Contains(line, "No such session") {
			return fmt.Errorf("the proxy answers: %s", deployment.Sanitise(line))
		}
	}
	return nil
}

// archive is a tar of files with a suffix to their names, below a folder of it;
// with a folder, that is in it too. They belong to the proxy, which renames
// them. Times are the epoch: nobody looks at them.
func archive(f files, suffix, below string) io.Reader {
	var buffer bytes.Buffer
	w := tar.NewWriter(&buffer)
	add := func(h tar.Header, content string) {
		h.Uid, h.Gid, h.ModTime, h.Size = gatewayUID, gatewayUID, time.Unix(0, 0), int64(len(content))
		_ = w.WriteHeader(&h) // a buffer takes everything
		_, _ = io.WriteString(w, content)
	}
	if below != "" {
		add(tar.Header{Name: below + "/", Typeflag: tar.TypeDir, Mode: 0o755}, "")
		below += "/"
	}
	for _, name := range slices.Sorted(maps.Keys(f)) {
		mode := int64(0o644)
		if isCertificate(name) {
			mode = 0o600
		}
		add(tar.Header{Name: below + name + suffix, Typeflag: tar.TypeReg, Mode: mode}, f[name])
	}
	add(tar.Header{Name: below + newcomersFile, Typeflag: tar.TypeReg, Mode: 0o644}, newcomers)
	_ = w.Close()
	return &buffer
}
