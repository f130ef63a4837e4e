package provider

import (
	"time"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
)

// validateDeployment checks what concerns several attributes of the resource.
// Single values are checked by the validators of the schema. What is unknown
// is skipped here and checked again by the plan.
func validateDeployment(config deploymentModel) diag.Diagnostics {
	c := conversion{}
	config.validate(&c)
	c.validateStartup(config)
	c.validateDrain(config)
	return c.diags
}

// validate checks the arguments, wherever they stand.
func (m deploymentArguments) validate(c *conversion) {
	c.validateName(m)
	c.validateEnvironment(m)
	c.validatePorts(m)
	c.validateMounts(m)
	c.validateModel(m.Model)
	c.validateResources(m.Resources)
	c.validateReadiness(m)
	c.validateHealthCheck(m.HealthCheck)
	c.validateValidation(m)
	c.validateRollout(m.Rollout)
	c.validateSecurity(m.Security)
}

func (c *conversion) validateName(m deploymentArguments) {
	switch {
	case m.Name.IsUnknown() || m.DetectionTask.IsUnknown(): // may turn out to be null
	case m.Name.IsNull() && m.DetectionTask.IsNull():
		c.refuse("name", "Set name, or detection_task to name the deployment after a task.")
	case !m.Name.IsNull() && !m.DetectionTask.IsNull():
		c.refuse("detection_task", "name and detection_task are two ways to name the deployment. Keep one of them.")
	}
}

func (c *conversion) validateEnvironment(m deploymentArguments) {
	plain := m.Env.Elements()
	for _, key := range sortedKeys(m.EnvWO.Elements()) {
		if _, both := plain[key]; both {
			c.diags.Append(invalid(c.at("env").AtMapKey(key), "%s is in env and in env_wo. Keep one of them.", key))
		}
	}
	if isSet(m.EnvWOVersion) && m.EnvWO.IsNull() {
		c.refuse("env_wo_version", "env_wo_version says when env_wo changes, but there is no env_wo.")
	}
}

func (c *conversion) validateResources(object types.Object) {
	m, _ := group[resourcesModel](object)
	if !isSet(m.Memory) || !isSet(m.MemoryReservation) {
		return
	}
	memory, err := parseBytes(m.Memory.ValueString())
	reserved, err2 := parseBytes(m.MemoryReservation.ValueString())
	if err == nil && err2 == nil && reserved > memory {
		c.diags.Append(invalid(c.at("resources").AtName("memory_reservation"), "%s is more than resources.memory, %s.",
			m.MemoryReservation.ValueString(), m.Memory.ValueString()))
	}
}

func (c *conversion) validateSecurity(object types.Object) {
	m, ok := group[securityModel](object)
	if !ok {
		return
	}
	added := map[string]bool{}
	for _, capability := range capabilities(m.CapAdd) {
		added[capability] = true
	}
	for _, element := range m.CapDrop.Elements() {
		text, _ := element.(types.String)
		if isSet(text) && added[canonicalCapability(text.ValueString())] {
			c.diags.Append(invalid(c.at("security").AtName("cap_drop"),
				"%s is in cap_add and in cap_drop. Keep one of them.", text.ValueString()))
		}
	}
}

// validateStartup refuses a startup time that the operation ends first.
func (c *conversion) validateStartup(m deploymentModel) {
	r, ok := group[readinessModel](m.Readiness)
	if !ok || !isSet(r.StartupTimeout) || !fullyKnown(m.Timeouts) {
		return
	}
	startup, err := time.ParseDuration(r.StartupTimeout.ValueString())
	if err != nil {
		return // refused where it stands
	}
	for _, o := range []operation{createOperation, updateOperation} {
		if bound := m.timeout(o); startup >= bound {
			c.diags.Append(invalid(c.at("readiness").AtName("startup_timeout"),
				"A replica may take %s to become ready, but the whole %s ends after %s. Raise timeouts.%s.",
				formatDuration(startup), o.name, formatDuration(bound), o.name))
			return
		}
	}
}

// validateDrain refuses a drain that the operation ends first.
func (c *conversion) validateDrain(m deploymentModel) {
	r, ok := group[rolloutModel](m.Rollout)
	if !ok || !isSet(r.DrainTimeout) || !fullyKnown(m.Timeouts) {
		return
	}
	drain, err := time.ParseDuration(r.DrainTimeout.ValueString())
	if err != nil || drain > deployment.MaxDrainTimeout {
		return // refused where it stands
	}
	for _, o := range []operation{updateOperation, deleteOperation} {
		if bound := m.timeout(o); drain >= bound {
			c.diags.Append(invalid(c.at("rollout").AtName("drain_timeout"),
				"A replica may take %s to finish its requests, but the whole %s ends after %s. Raise timeouts.%s.",
				formatDuration(drain), o.name, formatDuration(bound), o.name))
			return
		}
	}
}

func (c *conversion) refuse(name, text string) {
	c.diags.Append(invalid(c.at(name), "%s", text))
}

// isSet reports whether v is neither null nor unknown.
func isSet(v attr.Value) bool { return !v.IsNull() && !v.IsUnknown() }

// anyUnknown reports whether one of values is unknown.
func anyUnknown(values ...attr.Value) bool {
	for _, v := range values {
		if v.IsUnknown() {
			return true
		}
	}
	return false
}

// modelTarget is where the model is mounted, "" when there is none or when
// that is not known.
func (c *conversion) modelTarget(object types.Object) string {
	m, ok := group[modelModel](object)
	switch {
	case !ok || m.Target.IsUnknown():
		return ""
	case m.Target.IsNull():
		return deployment.DefaultModelTarget
	}
	return cleanPath(m.Target)
}
