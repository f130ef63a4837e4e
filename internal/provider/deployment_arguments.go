package provider

import (
	"cmp"
	"reflect"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
)

// touch is what a change of an argument can do to containers at most.
type touch int

const (
	touchesNothing    touch = iota // a policy, or done live
	touchesNumber                  // adds or removes containers
	touchesContainers              // needs new ones
)

// argument is one attribute that a user sets, and what it means.
type argument struct {
	name  string
	touch touch
	part  func(s deployment.Spec) deployment.Spec // the part of a Spec that it says
	index []int                                   // of its field in deploymentModel
}

// arguments are all of them but those that name the deployment, and env_wo,
// which neither plan nor state holds.
var arguments = indexed([]argument{
	{name: "image", touch: touchesContainers, part: func(s deployment.Spec) deployment.Spec { return deployment.Spec{Image: s.Image} }},
	{name: "pull_policy", part: func(s deployment.Spec) deployment.Spec { return deployment.Spec{PullPolicy: s.PullPolicy} }},
	{name: "platform", touch: touchesContainers, part: func(s deployment.Spec) deployment.Spec { return deployment.Spec{Platform: s.Platform} }},
	{name: "entrypoint", touch: touchesContainers, part: func(s deployment.Spec) deployment.Spec { return deployment.Spec{Entrypoint: s.Entrypoint} }},
	{name: "command", touch: touchesContainers, part: func(s deployment.Spec) deployment.Spec { return deployment.Spec{Command: s.Command} }},
	{name: "working_dir", touch: touchesContainers, part: func(s deployment.Spec) deployment.Spec { return deployment.Spec{WorkingDir: s.WorkingDir} }},
	{name: "user", touch: touchesContainers, part: func(s deployment.Spec) deployment.Spec { return deployment.Spec{User: s.User} }},
	{name: "env", touch: touchesContainers, part: func(s deployment.Spec) deployment.Spec { return deployment.Spec{Env: s.Env} }},
	{name: "env_wo_version", touch: touchesContainers, part: func(s deployment.Spec) deployment.Spec {
		return deployment.Spec{Secrets: deployment.Secrets{Version: s.Secrets.Version}}
	}},
	{name: "port", part: func(s deployment.Spec) deployment.Spec { return deployment.Spec{Port: s.Port} }},
	{name: "ports", touch: touchesContainers, part: func(s deployment.Spec) deployment.Spec { return deployment.Spec{Ports: s.Ports} }},
	{name: "replicas", touch: touchesNumber, part: func(s deployment.Spec) deployment.Spec { return deployment.Spec{Replicas: s.Replicas} }},
	{name: "networks", touch: touchesContainers, part: func(s deployment.Spec) deployment.Spec { return deployment.Spec{Networks: s.Networks} }},
	{name: "mounts", touch: touchesContainers, part: func(s deployment.Spec) deployment.Spec { return deployment.Spec{Mounts: s.Mounts} }},
	{name: "model", touch: touchesContainers, part: func(s deployment.Spec) deployment.Spec { return deployment.Spec{Model: s.Model} }},
	{name: "resources", touch: touchesContainers, part: func(s deployment.Spec) deployment.Spec { return deployment.Spec{Resource: s.Resource} }},
	{name: "readiness", part: func(s deployment.Spec) deployment.Spec { return deployment.Spec{Readiness: s.Readiness} }},
	{name: "health_check", touch: touchesContainers, part: func(s deployment.Spec) deployment.Spec { return deployment.Spec{HealthCheck: s.HealthCheck} }},
	{name: "validation", part: func(s deployment.Spec) deployment.Spec { return deployment.Spec{Validation: s.Validation} }},
	{name: "rollout", part: func(s deployment.Spec) deployment.Spec { return deployment.Spec{Rollout: s.Rollout} }},
	{name: "restart_policy", part: func(s deployment.Spec) deployment.Spec { return deployment.Spec{RestartPolicy: s.RestartPolicy} }},
	{name: "labels", touch: touchesContainers, part: func(s deployment.Spec) deployment.Spec { return deployment.Spec{Labels: s.Labels} }},
	{name: "security", touch: touchesContainers, part: func(s deployment.Spec) deployment.Spec { return deployment.Spec{Security: s.Security} }},
	{name: "logging", touch: touchesContainers, part: func(s deployment.Spec) deployment.Spec { return deployment.Spec{Logging: s.Logging} }},
	{name: "stop_signal", touch: touchesContainers, part: func(s deployment.Spec) deployment.Spec { return deployment.Spec{StopSignal: s.StopSignal} }},
	{name: "desired_state", part: func(s deployment.Spec) deployment.Spec { return deployment.Spec{DesiredState: s.DesiredState} }},
	{name: "restart_trigger", touch: touchesContainers, part: func(s deployment.Spec) deployment.Spec { return deployment.Spec{RestartTrigger: s.RestartTrigger} }},
	{name: "adopt_existing", part: func(deployment.Spec) deployment.Spec { return deployment.Spec{} }}, // means something to a create alone
	{name: "timeouts", part: func(s deployment.Spec) deployment.Spec { return deployment.Spec{Timeouts: s.Timeouts} }},
})

// indexed finds the field of each argument by its tag.
func indexed(all []argument) []argument {
	known := fieldsOf(reflect.TypeFor[deploymentModel]())
	for i := range all {
		all[i].index = known[all[i].name]
	}
	return all
}

// value is what m says about the argument.
func (a argument) value(m *deploymentModel) attr.Value {
	v, _ := reflect.ValueOf(m).Elem().FieldByIndex(a.index).Interface().(attr.Value)
	return v
}

func (a argument) copy(to, from *deploymentModel) {
	reflect.ValueOf(to).Elem().FieldByIndex(a.index).Set(reflect.ValueOf(from).Elem().FieldByIndex(a.index))
}

// set makes m say v about the argument, which must be of its type.
func (a argument) set(m *deploymentModel, v attr.Value) {
	reflect.ValueOf(m).Elem().FieldByIndex(a.index).Set(reflect.ValueOf(v))
}

// equal reports whether the argument means the same in both.
func (a argument) equal(x, y deployment.Spec) bool {
	return sameMeaning(a.part(x), a.part(y))
}

// keepSpelling gives those arguments of next, a state, that mean what they mean
// in prior the spelling of prior: nothing, empty and the spelled out default are
// the same to a deployment. nextSpec is what next means. What a plan may keep is
// told attribute by attribute, see keptSpelling.
func keepSpelling(next, prior *deploymentModel, nextSpec deployment.Spec) diag.Diagnostics {
	priorSpec, diags := prior.toSpec()
	for _, a := range arguments {
		if !a.value(next).Equal(a.value(prior)) && a.equal(priorSpec, nextSpec) {
			a.copy(next, prior)
		}
	}
	return diags
}

// sameMeaning reports whether two Specs ask for the same: the fingerprint
// cannot tell them apart, nor can limits and policies.
func sameMeaning(x, y deployment.Spec) bool {
	return deployment.Fingerprint(x) == deployment.Fingerprint(y) &&
		deployment.LimitsOf(x) == deployment.LimitsOf(y) &&
		reflect.DeepEqual(policiesOf(x), policiesOf(y))
}

// policies are what of a Spec is in no container.
type policies struct {
	PullPolicy   deployment.PullPolicy
	Port         int
	Replicas     int
	Readiness    *deployment.Readiness
	Validation   []deployment.Validation
	Rollout      deployment.Rollout
	DesiredState deployment.DesiredState
	Timeouts     [4]time.Duration
}

// policiesOf spells the defaults out.
func policiesOf(s deployment.Spec) policies {
	p := policies{
		PullPolicy: cmp.Or(s.PullPolicy, deployment.PullMissing), Port: s.Port, Replicas: s.Replicas, Rollout: s.Rollout,
		Validation:   comparableRequests(s),
		DesiredState: cmp.Or(s.DesiredState, deployment.DesiredRunning),
	}
	p.Rollout.MaxSurge = cmp.Or(p.Rollout.MaxSurge, deployment.DefaultMaxSurge)
	p.Rollout.DrainTimeout = cmp.Or(p.Rollout.DrainTimeout, deployment.DefaultDrainTimeout)
	if s.Readiness != nil {
		r := *s.Readiness
		r.Scheme = cmp.Or(r.Scheme, deployment.DefaultScheme)
		r.StartupTimeout = cmp.Or(r.StartupTimeout, deployment.DefaultStartupTimeout)
		p.Readiness = &r
	}
	for i, text := range []string{s.Timeouts.Create, s.Timeouts.Read, s.Timeouts.Update, s.Timeouts.Delete} {
		p.Timeouts[i], _ = time.ParseDuration(text) // "" is none; validated otherwise
	}
	return p
}
