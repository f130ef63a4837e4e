package main

import (
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/devenv/daemon"
)

// setUp is a prepared environment: everything that the tests and the demo need.
type setUp struct {
	engine    daemon.Engine
	terraform string
	cliConfig string
	registry  string // the program of an image registry, "" until it is looked for: acceptance tests alone need it
}

// variables are what the programs that run in the environment get, as NAME=value. An empty value unsets.
func (s setUp) variables() []string {
	vars := []string{
		"TF_ACC_TERRAFORM_PATH=" + s.terraform,
		"TF_CLI_CONFIG_FILE=" + s.cliConfig,
		"MLOPS_PROBE_IMAGE=" + probeImage,
		"MLOPS_GATEWAY_IMAGE=" + gatewayImage,
		"MLOPS_REGISTRY=" + s.registry,
		"CHECKPOINT_DISABLE=1",
	}
	if s.engine.Host != "" {
		vars = append(vars, "DOCKER_HOST="+s.engine.Host, "DOCKER_CONTEXT=")
	}
	if isTofu(s.terraform) {
		vars = append(vars, "TF_ACC_PROVIDER_HOST="+tofuRegistry, "TF_ACC_PROVIDER_NAMESPACE=hashicorp")
	}
	return vars
}

// environ is this process's environment with the variables.
func (s setUp) environ(more ...string) []string {
	return append(append(os.Environ(), s.variables()...), more...)
}

// runEnv prints the variables for a shell to evaluate, so that one test can be run by hand:
// eval "$(go run ./internal/testing/devenv env)".
func runEnv(ctx context.Context, w workspace, _ []string) error {
	s, err := prepare(ctx, w)
	if err != nil {
		return err
	}
	if s.registry, err = registryProgram(ctx, w); err != nil {
		return err
	}
	if err := buildPrometheus(ctx, w, s.engine); err != nil {
		return err
	}
	for _, variable := range append(s.variables(), "TF_ACC=1") {
		name, value, _ := strings.Cut(variable, "=")
		if value == "" {
			fmt.Println("unset " + name)
			continue
		}
		fmt.Printf("export %s='%s'\n", name, strings.ReplaceAll(value, "'", `'\''`))
	}
	return nil
}
