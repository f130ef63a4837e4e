package container

import (
	"slices"
	"strings"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
)

// matchingNames are the deployments and foreign containers of a listing that a
// filter may let through, sorted; names that were asked for come as they are.
func matchingNames(list listing, f deployment.Filter) []string {
	if len(f.Names) > 0 {
		names := slices.Clone(f.Names)
		slices.Sort(names)
		return slices.Compact(names)
	}
	var names []string
	add := func(name string) {
		if name != "" && strings.HasPrefix(name, f.NamePrefix) {
			names = append(names, name)
		}
	}
	for _, c := range list.containers {
		switch c.Labels[docker.LabelKind] {
		case docker.KindReplica:
			add(c.Labels[docker.LabelDeployment])
		case "":
			add(c.Name)
		}
	}
	for _, v := range list.volumes {
		add(v.Labels[docker.LabelDeployment]) // it may have no container at all
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// filter keeps what the rest of the filter lets through.
func filter(all []deployment.Status, f deployment.Filter) []deployment.Status {
	return slices.DeleteFunc(all, func(s deployment.Status) bool {
		return len(f.States) > 0 && !slices.Contains(f.States, s.State) ||
			f.Owner != "" && s.Spec.Owner != f.Owner ||
			!labelled(s, f.Labels)
	})
}

func labelled(s deployment.Status, want map[string]string) bool {
	for k, v := range want {
		have, ok := s.Labels[k]
		if !ok || v != "" && have != v {
			return false
		}
	}
	return true
}
