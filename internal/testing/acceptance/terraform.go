package acceptance

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
)

// terraformProgram is the program that TF_ACC_TERRAFORM_PATH names, as
// terraform-plugin-testing takes it, else the one on PATH.
func terraformProgram(t testing.TB) string {
	t.Helper()
	for _, name := range []string{os.Getenv("TF_ACC_TERRAFORM_PATH"), "terraform", "tofu"} {
		if name == "" {
			continue
		}
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	t.Fatal("There is no terraform and no tofu on PATH, and TF_ACC_TERRAFORM_PATH names none; \"make test\" brings one.")
	return ""
}

// environment is this process's, without what would change how Terraform behaves.
func environment() []string {
	unwanted := []string{"TF_LOG", "TF_LOG_PATH", "TF_LOG_CORE", "TF_LOG_PROVIDER", "TF_REATTACH_PROVIDERS", "TF_CLI_ARGS", "TF_WORKSPACE", "TF_DATA_DIR"}
	env := slices.DeleteFunc(os.Environ(), func(variable string) bool {
		name, _, _ := strings.Cut(variable, "=")
		return slices.Contains(unwanted, name)
	})
	// Docker 20.10 can lock up for good when many containers leave a network at
	// one moment (libnetwork takes its controller's and a network's lock in both
	// orders). A few at a time are enough for a test.
	few := "-parallelism=3"
	return append(env, "CHECKPOINT_DISABLE=1", "TF_IN_AUTOMATION=1", "TF_INPUT=0",
		"TF_CLI_ARGS_apply="+few, "TF_CLI_ARGS_destroy="+few)
}

// source is the provider's, without its registry.
const source = "seed-mlops/mlops"

// mirror is made once per test process.
var mirror struct {
	once   sync.Once
	config string
	err    error
}

// cliConfig is the path of a CLI configuration that installs the provider of
// this work tree: the one that the development environment has made, else one
// of a mirror that is made here.
func cliConfig(t testing.TB) string {
	t.Helper()
	if path := os.Getenv("TF_CLI_CONFIG_FILE"); path != "" {
		content, err := os.ReadFile(path)
		if err == nil && strings.Contains(string(content), source) { // it may be the user's own
			return path
		}
	}
	mirror.once.Do(func() { mirror.config, mirror.err = makeMirror() })
	if mirror.err != nil {
		t.Fatal(mirror.err)
	}
	return mirror.config
}

// makeMirror builds the provider into a file-system mirror under the work tree's
// .dev, where the next run finds and replaces it.
func makeMirror() (config string, err error) {
	module, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}").Output() //nolint:noctx // local and quick
	if err != nil {
		return "", fmt.Errorf("finding the module: %w", err)
	}
	tree := strings.TrimSpace(string(module))
	root := filepath.Join(tree, ".dev", "acceptance")
	if err := os.MkdirAll(root, 0o755); err != nil {
		return "", err
	}
	fresh := filepath.Join(root, fmt.Sprintf("build-%d", os.Getpid()))
	// What is installed are links to it.
	defer func() { _ = os.Remove(fresh) }()
	build := exec.Command("go", "build", "-ldflags=-X main.version="+Version, "-o", fresh, ".") //nolint:noctx // as above
	build.Dir, build.Env = tree, append(os.Environ(), "CGO_ENABLED=0")
	if output, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("building the provider: %w\n%s", err, output)
	}
	var addresses []string
	for _, registry := range []string{"registry.terraform.io", "registry.opentofu.org"} {
		address := registry + "/" + source
		addresses = append(addresses, fmt.Sprintf("%q", address))
		dir := filepath.Join(root, "plugins", filepath.FromSlash(address), Version, runtime.GOOS+"_"+runtime.GOARCH)
		if err := install(fresh, dir); err != nil {
			return "", err
		}
	}
	list := strings.Join(addresses, ", ")
	config = filepath.Join(root, "terraform.rc")
	content := fmt.Sprintf(`provider_installation {
  filesystem_mirror {
    path    = %q
    include = [%s]
  }
  direct {
    exclude = [%s]
  }
}
`, filepath.Join(root, "plugins"), list, list)
	return config, os.WriteFile(config, []byte(content), 0o644)
}

// install puts the binary into dir by renaming a link: the file that is there
// may be running.
func install(binary, dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	link := filepath.Join(dir, filepath.Base(binary))
	if err := os.Link(binary, link); err != nil {
		return err
	}
	return os.Rename(link, filepath.Join(dir, "terraform-provider-mlops_v"+Version))
}
