package main

import (
	"slices"
	"testing"

	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/devenv/daemon"
)

func TestVariables(t *testing.T) {
	tests := map[string]struct {
		setUp  setUp
		want   []string
		absent string
	}{
		"an engine that every client finds is left to be found": {
			setUp: setUp{terraform: "/usr/bin/terraform"}, want: []string{"TF_ACC_TERRAFORM_PATH=/usr/bin/terraform"}, absent: "DOCKER_HOST=",
		},
		"our engine wins over a context": {
			setUp: setUp{engine: daemon.Engine{Host: "unix:///x.sock"}, terraform: "/usr/bin/terraform"},
			want:  []string{"DOCKER_HOST=unix:///x.sock", "DOCKER_CONTEXT="}, absent: "TF_ACC_PROVIDER_HOST=" + tofuRegistry,
		},
		"OpenTofu has another registry": {
			setUp: setUp{terraform: "/w/.dev/bin/tofu"}, want: []string{"TF_ACC_PROVIDER_HOST=" + tofuRegistry},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got := tt.setUp.variables()
			for _, variable := range tt.want {
				if !slices.Contains(got, variable) {
					t.Errorf("%q misses %s", got, variable)
				}
			}
			if slices.Contains(got, tt.absent) {
				t.Errorf("%q has %s", got, tt.absent)
			}
		})
	}
}

func TestWantedEngine(t *testing.T) {
	for value, want := range map[string]daemon.Flavour{"": daemon.Any, "26": daemon.Trixie, "private": daemon.Private} {
		t.Setenv("ENGINE", value)
		if got, err := wantedEngine(); err != nil || got != want {
			t.Errorf("ENGINE=%q: %q, %v; want %q", value, got, err, want)
		}
	}
	t.Setenv("ENGINE", "27")
	if _, err := wantedEngine(); err == nil {
		t.Error("ENGINE=27 names no engine, and that is no error")
	}
}
