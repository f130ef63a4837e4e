package main

import (
	"fmt"
	"path/filepath"
)

// farewell says how to look further, and how to take the demo away.
func farewell(t terraform) string {
	program := filepath.Base(t.program)
	return fmt.Sprintf(`
The demo is running. To look further, first let this shell use the same engine and the provider that was built here:

  eval "$(go run ./internal/testing/devenv env)"

  docker ps --filter label=mlops.deployment=digits          # both replicas
  docker logs digits                                        # the requests that the first one has answered
  docker run --rm --network %[1]s %[2]s \
    ask --url http://digits:8080 --rows 20                  # ask by hand

  cd %[4]s
  %[3]s state show data.mlops_deployment_status.digits    # status, CPU and memory
  docker rm -f digits.2 && %[3]s plan                      # break it, see what the plan says, mend it with apply

To take it all away: make demo-destroy
`, network, trainerImage, program, t.folder)
}
