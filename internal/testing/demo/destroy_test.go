package main

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
)

func TestDestroyRemovesTheDemoAndNothingElse(t *testing.T) {
	replica := map[string]string{demoLabel: "digits", docker.LabelDeployment: "digits", docker.LabelKind: docker.KindReplica}
	foreign := map[string]string{docker.LabelDeployment: "iris", docker.LabelKind: docker.KindReplica}
	record := func(of string) map[string]string {
		return map[string]string{docker.LabelDeployment: of, docker.LabelKind: docker.KindRecord}
	}
	model := func(name, digest string) map[string]string {
		return map[string]string{docker.LabelKind: docker.KindModel, docker.LabelModel: name, docker.LabelDigest: digest}
	}
	result := func(workflow, digest string) map[string]string {
		return map[string]string{docker.LabelKind: docker.KindResult, docker.LabelWorkflow: workflow, docker.LabelDigest: digest}
	}
	artifact := func(digest string) map[string]string {
		return map[string]string{docker.LabelKind: docker.KindArtifact, docker.LabelDigest: digest}
	}
	m := &memory{
		containers: []docker.ContainerSummary{
			{ID: "1", Name: "digits", Labels: replica},
			{ID: "2", Name: "mlops-demo-ask-digits", Labels: usual.labels()},
			{ID: "3", Name: "digits.lock", Labels: map[string]string{docker.LabelDeployment: "digits", docker.LabelKind: docker.KindLock}},
			{ID: "4", Name: "iris", Labels: foreign},
			{ID: "5", Name: "mlops-gateway.digits", Labels: map[string]string{docker.LabelEndpoint: "digits", docker.LabelKind: docker.KindGateway}},
			{ID: "6", Name: "mlops-gateway.digits.lock", Labels: map[string]string{docker.LabelEndpoint: "digits", docker.LabelKind: docker.KindLock}},
			{ID: "7", Name: "mlops-gateway.iris", Labels: map[string]string{docker.LabelEndpoint: "iris", docker.LabelKind: docker.KindGateway}},
		},
		volumes: []docker.Volume{
			{Name: "mlops.digits.1", Labels: record("digits")},
			{Name: "mlops-endpoint.digits.1", Labels: map[string]string{docker.LabelEndpoint: "digits", docker.LabelKind: docker.KindEndpoint}},
			{Name: "others: mlops-endpoint.iris.1", Labels: map[string]string{docker.LabelEndpoint: "iris", docker.LabelKind: docker.KindEndpoint}},
			{Name: "mlops-result.digits.1", Labels: result("digits", "trained")},
			{Name: "mlops-result.digits-canary.1", Labels: result("digits-canary", "trained longer")},
			{Name: "mlops-model-longer", Labels: artifact("trained longer")},
			{Name: "others: mlops-result.digits-canary-2.1", Labels: result("digits-canary-2", "data")},
			{Name: "mlops-model.digits-training-data.1", Labels: model("digits-training-data", "data")},
			{Name: "mlops-model-trained", Labels: artifact("trained")},
			{Name: "others: mlops-model-data", Labels: artifact("data")},
			{Name: "others: mlops-model-iris", Labels: artifact("iris")},
			{Name: "others: mlops-model.iris.1", Labels: model("iris", "data")},
			{Name: "others: mlops.iris.1", Labels: record("iris")},
		},
		networks: []docker.Network{{ID: "n", Name: "mlops"}, {ID: "e", Name: "mlops-edge"}},
		images:   []string{usual.server, usual.trainer, usual.client, "busybox"},
	}
	d := newDemo(t, m)
	if err := os.MkdirAll(d.terraform.folder, 0o750); err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second time there is nothing left to do
		if err := d.destroy(t.Context()); err != nil {
			t.Fatal(err)
		}
		mine := func(v docker.Volume) bool { return !strings.HasPrefix(v.Name, "others:") }
		if len(m.containers) != 2 || len(m.volumes) != 6 || slices.ContainsFunc(m.volumes, mine) || len(m.networks) != 2 || fmt.Sprint(m.images) != "[busybox]" {
			t.Errorf("left: %v %v %v %v", m.containers, m.volumes, m.networks, m.images)
		}
		if d.terraform.exists() {
			t.Error("the folder is still there")
		}
	}
	m.containers = []docker.ContainerSummary{{ID: "1", Name: "digits", Labels: replica}}
	if err := d.destroy(t.Context()); err != nil || len(m.networks) != 0 {
		t.Errorf("the last deployment is gone, its network not: %v, %v", m.networks, err)
	}
}
