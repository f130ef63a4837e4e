package main

import (
	"fmt"
	"path/filepath"
)

// farewell says how to look further, and how to take the demo away.
func (d demo) farewell() string {
	program := filepath.Base(d.terraform.program)
	return fmt.Sprintf(`
The demo is running. To look further, first let this shell use the same engine and the provider that was built here:

  eval "$(go run ./internal/testing/devenv env)"

  docker ps --filter label=mlops.deployment=%[1]s          # both replicas
  docker logs %[1]s                                        # the requests that the first one has answered

  cd %[3]s
  %[2]s state show mlops_workflow.digits                 # what every step came to, and why it ran
  %[2]s state show data.mlops_deployment_status.digits   # status, CPU and memory
  docker rm -f %[1]s.2 && %[2]s plan                      # break it, see what the plan says, mend it with apply

To take it all away: make demo-destroy
`, d.name, program, d.terraform.folder)
}
