package main

import (
	"context"

	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/devenv/daemon"
)

// prometheus scrapes the gateways of endpoints in the tests. Its image is laid out as the official one, as far as an
// example can tell: the program, a shell, a folder that its user may write to.
var prometheus = packaged{
	name: "prometheus", program: "usr/bin/prometheus", purpose: "the tests of metrics",
	suite: "bookworm", unpacked: "prometheus", image: imagePrefix + "prometheus" + imageTag, source: "prom/prometheus:v2.53.4",
	dockerfile: "FROM scratch\nCOPY root /\nCOPY --chown=65534:65534 data /prometheus\nENV PATH=/usr/bin:/bin\nUSER 65534:65534\nWORKDIR /prometheus\nENTRYPOINT [\"prometheus\"]\n",
	applets:    []string{"sh"},
	folders:    []string{"data"},
}

// buildPrometheus builds its image, which only acceptance tests need.
func buildPrometheus(ctx context.Context, w workspace, engine daemon.Engine) error {
	client, arch, err := connectBuilder(ctx, engine)
	if err != nil {
		return err
	}
	defer client.Close()
	return prometheus.build(ctx, w, client, arch)
}
