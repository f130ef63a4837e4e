package main

import (
	"fmt"
	"path/filepath"
)

// farewell says how to look further, and how to take the demo away.
func (d demo) farewell() string {
	terraform := filepath.Base(d.terraform.program)
	return fmt.Sprintf(`
The demo is running: two replicas of each of the two models, and the gateway of the endpoint before them, which asks the
second. To look further, first let this shell use the same engine and the provider that was built here:

  eval "$(go run ./internal/testing/devenv env)"
  cd %[3]s

Then, for example:

  docker ps --filter label=mlops.deployment=%[1]s    # both replicas of the first model
  docker logs %[1]s-canary                           # the requests that a replica of the second one has answered
  %[2]s state show mlops_workflow.digits      # what every step came to, and why it ran

  # Back to the first model, at once: it is still there. (The next apply without this variable goes to the second one
  # again, which is what terraform.tfvars says.)
  %[2]s apply -var canary_weight=0

  # Open the endpoint on a port of the engine's machine as well, and ask it from there.
  %[2]s apply -var host_port=8501
  curl http://127.0.0.1:8501/v2/models/digits

  # Break something, and see what the plan says; an apply mends it.
  docker rm -f %[1]s.2
  %[2]s plan -var host_port=8501

To take it all away: make demo-destroy
`, d.name, terraform, d.terraform.folder)
}
