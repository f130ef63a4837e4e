package provider

import (
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
)

func (c *conversion) validateMounts(m deploymentArguments) {
	model := c.modelTarget(m.Model)
	first := map[string]int{}
	for i, mount := range groups[mountModel](m.Mounts) {
		at := c.at("mounts").AtListIndex(i)
		c.validateMount(at, mount)
		if !isSet(mount.Target) {
			continue
		}
		target := cleanPath(mount.Target)
		if target == model {
			c.diags.Append(invalid(at.AtName("target"), "The model is mounted on %s. Use another path, or set model.target.", target))
		}
		if j, twice := first[target]; twice {
			c.diags.Append(invalid(at.AtName("target"), "mounts[%d] is mounted on %s already.", j, target))
		} else {
			first[target] = i
		}
	}
}

// validateMount checks what each kind of mount needs and what it cannot have.
func (c *conversion) validateMount(at path.Path, m mountModel) {
	if !isSet(m.Type) {
		return
	}
	kind := deployment.MountType(m.Type.ValueString())
	source := at.AtName("source")
	switch {
	case kind == deployment.MountTmpfs && isSet(m.Source):
		c.diags.Append(invalid(source, "A tmpfs has no source."))
	case kind != deployment.MountTmpfs && m.Source.IsNull():
		c.diags.Append(invalid(source, "A mount of type %s needs a source.", kind))
	case kind == deployment.MountVolume:
		c.diags.Append(judge(source, m.Source, []check{isVolume}, false)...)
	case kind == deployment.MountBind:
		c.diags.Append(judge(source, m.Source, []check{isHostPath}, false)...)
	}
	if kind != deployment.MountTmpfs && isSet(m.Size) {
		c.diags.Append(invalid(at.AtName("size"), "Only a mount of type tmpfs has a size."))
	}
}

func (c *conversion) validateModel(object types.Object) {
	m, ok := group[modelModel](object)
	if !ok || anyUnknown(m.Volume, m.HostPath) {
		return
	}
	at := c.at("model")
	switch {
	case m.Volume.IsNull() && m.HostPath.IsNull():
		c.diags.Append(invalid(at, "Set model.volume or model.host_path: where the model is."))
	case !m.Volume.IsNull() && !m.HostPath.IsNull():
		c.diags.Append(invalid(at.AtName("host_path"), "A model is in a volume or on the host. Keep one of volume and host_path."))
	case m.Volume.IsNull() && isSet(m.Path):
		c.diags.Append(invalid(at.AtName("path"), "Only a model in a volume has a path: write the whole path into host_path."))
	case m.Volume.IsNull() && isSet(m.Digest):
		c.diags.Append(invalid(at.AtName("digest"), "Only a model in a volume has a digest: the host's folder can change at any time."))
	}
}

// validateHealthCheck checks the command by its first word, as Docker does.
func (c *conversion) validateHealthCheck(object types.Object) {
	m, ok := group[healthCheckModel](object)
	if !ok || len(m.Command.Elements()) == 0 {
		return
	}
	at := c.at("health_check").AtName("command")
	words := m.Command.Elements()
	first, _ := words[0].(types.String)
	if !isSet(first) {
		return
	}
	switch word := first.ValueString(); {
	case word != "CMD" && word != "CMD-SHELL" && word != "NONE":
		c.diags.Append(invalid(at.AtListIndex(0), `%q is none of "CMD", "CMD-SHELL" and "NONE".`, word))
	case word == "CMD" && len(words) < 2:
		c.diags.Append(invalid(at, `"CMD" needs a program.`))
	case word == "CMD-SHELL" && len(words) != 2:
		c.diags.Append(invalid(at, `"CMD-SHELL" needs exactly one string, the shell's command.`))
	case word == "NONE" && len(words) > 1:
		c.diags.Append(invalid(at, `Nothing comes after "NONE".`))
	}
}
