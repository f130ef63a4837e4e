package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"

	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/devenv/step"
)

// tool is a pinned program that is built from source on first use.
type tool struct {
	name   string
	module string // folder of the go.mod that pins it
	pkg    string
	cold   string // how long the first build takes, for the step's line
}

var tools = []tool{
	{"golangci-lint", "tools", "github.com/golangci/golangci-lint/v2/cmd/golangci-lint", "one to three minutes"},
	{"tfplugindocs", "tools", "github.com/hashicorp/terraform-plugin-docs/cmd/tfplugindocs", "under a minute"},
	{"goreleaser", "tools/goreleaser", "github.com/goreleaser/goreleaser/v2", "two to five minutes"},
	{"tofu", "tools/opentofu", "github.com/opentofu/opentofu/cmd/tofu", "about five minutes"},
}

// runTool runs a tool on the caller's terminal.
func runTool(ctx context.Context, w workspace, rest []string) error {
	if len(rest) == 0 {
		return usage()
	}
	path, err := buildTool(ctx, w, rest[0])
	if err != nil {
		return err
	}
	cmd := step.Command(ctx, path, rest[1:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	return cmd.Run()
}

// buildTool gives the path of a tool. It is built when it is missing or when its pin or Go itself has changed.
func buildTool(ctx context.Context, w workspace, name string) (string, error) {
	i := slices.IndexFunc(tools, func(t tool) bool { return t.name == name })
	if i < 0 {
		return "", fmt.Errorf("there is no tool %q", name)
	}
	t := tools[i]
	stamp, err := t.stamp(w)
	if err != nil {
		return "", err
	}
	path, stampPath := w.dev("bin", name), w.dev("bin", "."+name+".stamp")
	if built, err := os.ReadFile(stampPath); err == nil && string(built) == stamp {
		if _, err := os.Stat(path); err == nil {
			return path, nil
		}
	}
	step.Say("Building %s (once, %s) …", name, t.cold)
	cmd := step.Command(ctx, "go", "build", "-trimpath", "-ldflags=-s -w", "-o", path, t.pkg)
	cmd.Dir = w.path(t.module)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOWORK=off")
	if err := step.Logged(cmd, w.log("build-"+name)); err != nil {
		return "", &step.Fault{
			Missing: name + " cannot be built",
			Remedy:  "Check that the Go module proxy can be reached (`go env GOPROXY`), then run the same command again.",
			Err:     err,
		}
	}
	return path, os.WriteFile(stampPath, []byte(stamp), 0o644)
}

// stamp tells builds of the tool apart.
func (t tool) stamp(w workspace) (string, error) {
	hash := sha256.New()
	fmt.Fprintln(hash, runtime.Version(), t.pkg)
	for _, name := range []string{"go.mod", "go.sum"} {
		content, err := os.ReadFile(filepath.Join(w.path(t.module), name))
		if err != nil {
			return "", err
		}
		hash.Write(content)
	}
	return hex.EncodeToString(hash.Sum(nil)), nil
}
