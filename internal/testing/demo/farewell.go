package main

import (
	"fmt"
	"path/filepath"
)

// farewell says how to look further, and how to take the demo away.
func farewell(t terraform) string {
	program := filepath.Base(t.program)
	return fmt.Sprintf(`
The demo is running. To look further:

  docker logs digits                                      the first replica's requests
  docker ps --filter label=mlops.deployment=digits        both replicas
  docker run --rm --network %[1]s %[2]s \
    ask --url http://digits:8080 --rows 20                ask by hand

  eval "$(go run ./internal/testing/devenv env)"          for %[3]s by hand: the provider that was built here
  cd %[4]s
  %[3]s state show data.mlops_deployment_status.digits    status, CPU and memory
  docker rm -f digits.2 && %[3]s plan                     break it, see what it says, and mend it with %[3]s apply

To take it all away: make demo-destroy
`, network, trainerImage, program, t.folder)
}
