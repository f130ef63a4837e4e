package docker

import (
	"strconv"
	"strings"

	"github.com/docker/docker/api/types/container"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
)

// RestartPolicyOf is the engine's form of a policy such as "on-failure:5".
func RestartPolicyOf(p deployment.RestartPolicy) RestartPolicy {
	name, count, _ := strings.Cut(string(p), ":")
	n, _ := strconv.Atoi(count) // validated where the user wrote it
	return RestartPolicy{Name: container.RestartPolicyMode(name), MaximumRetryCount: n}
}

// RestartPolicyText is the user's form of the engine's policy; an unset one is "no".
func RestartPolicyText(p RestartPolicy) deployment.RestartPolicy {
	switch {
	case p.Name == "":
		return deployment.RestartNo
	case p.MaximumRetryCount > 0:
		return deployment.RestartPolicy(string(p.Name) + ":" + strconv.Itoa(p.MaximumRetryCount))
	}
	return deployment.RestartPolicy(p.Name)
}
