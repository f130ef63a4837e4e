package job

import (
	"cmp"
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
	"github.com/seed-mlops/terraform-provider-mlops/internal/engine/request"
	"github.com/seed-mlops/terraform-provider-mlops/internal/session"
	"github.com/seed-mlops/terraform-provider-mlops/internal/workflow"
)

// createRequest is the job's container in the engine's words. The engine never
// restarts it: a training that ran twice would be somebody's surprise.
func (j *Jobs) createRequest(req workflow.JobRequest, s *session.Session) docker.CreateRequest {
	job := req.Job
	networks := map[string]*docker.EndpointSettings{s.NetworkID: {}}
	for _, n := range job.Networks {
		networks[n] = &docker.EndpointSettings{}
	}
	return docker.CreateRequest{
		Name: ContainerName(req.Workflow, req.Step),
		Config: &docker.ContainerConfig{
			Image: request.Image(job.Image), Entrypoint: job.Entrypoint, Cmd: job.Command,
			WorkingDir: job.WorkingDir, User: job.User, Env: request.Environment(job.Env, job.Secrets, req.Model),
			Labels: j.labels(req, s.Name()),
		},
		HostConfig: &docker.HostConfig{
			NetworkMode:   docker.NetworkMode(s.NetworkID),
			RestartPolicy: docker.RestartPolicyOf(deployment.RestartNo),
			Mounts:        mounts(req),
			SecurityOpt:   request.SecurityOptions(deployment.Security{}),
			ShmSize:       job.Resource.ShmSize,
			Resources:     request.Resources(job.Resource),
		},
		Networks: &docker.NetworkingConfig{EndpointsConfig: networks},
	}
}

func (j *Jobs) labels(req workflow.JobRequest, sessionName string) map[string]string {
	out := map[string]string{
		docker.LabelKind:     docker.KindJob,
		docker.LabelWorkflow: req.Workflow,
		docker.LabelStep:     req.Step,
		docker.LabelOwner:    req.Owner,
		docker.LabelHash:     req.Hash,
		docker.LabelAttempt:  strconv.Itoa(req.Attempt),
		docker.LabelSession:  sessionName,
		docker.LabelProvider: j.cfg.Version,
	}
	if len(req.Job.Secrets.Keys) > 0 {
		out[docker.LabelSecretKeys] = strings.Join(req.Job.Secrets.Keys, ",")
	}
	return out
}

// secretsOf are the values of a job's write-only variables, read from the only
// place they are kept: whoever follows a job that another process started
// redacts them all the same.
func secretsOf(c docker.Container) map[string]string {
	keys := map[string]bool{}
	for k := range strings.SplitSeq(c.Config.Labels[docker.LabelSecretKeys], ",") {
		keys[k] = true
	}
	values := map[string]string{}
	for _, variable := range c.Config.Env {
		if k, v, _ := strings.Cut(variable, "="); keys[k] {
			values[k] = v
		}
	}
	return values
}

// mounts are the inputs and the model, all read-only.
func mounts(req workflow.JobRequest) []docker.Mount {
	var out []docker.Mount
	for _, in := range req.Job.Inputs {
		mount := docker.Mount{Type: docker.MountType(deployment.MountVolume), Source: in.Volume, Target: in.Target, ReadOnly: true}
		switch {
		case in.Artifact != nil:
			mount.Source = in.Artifact.Volume
		case in.HostPath != "":
			mount.Type, mount.Source = docker.MountType(deployment.MountBind), in.HostPath
		}
		out = append(out, mount)
	}
	if req.Model != nil {
		out = append(out, request.ModelMount(*req.Model))
	}
	return out
}

// checkVolumes refuses volumes that are not there: the engine would make empty
// ones of those names and the job would read nothing.
func (j *Jobs) checkVolumes(ctx context.Context, mounts []docker.Mount) error {
	wanted := map[string]string{}
	for _, m := range mounts {
		if m.Type == docker.MountType(deployment.MountVolume) {
			wanted[m.Source] = m.Target
		}
	}
	if len(wanted) == 0 {
		return nil
	}
	have, err := j.docker.ListVolumes(ctx, nil)
	if err != nil {
		return err
	}
	for _, v := range have {
		delete(wanted, v.Name)
	}
	for _, m := range mounts {
		if _, missing := wanted[m.Source]; missing && m.Type == docker.MountType(deployment.MountVolume) {
			return fmt.Errorf("volume %s, to be mounted at %s: %w", m.Source, m.Target, deployment.ErrNotFound)
		}
	}
	return nil
}

// outputOf is the folder that the job writes to.
func outputOf(job workflow.Job) string { return cmp.Or(job.Output, workflow.DefaultOutput) }
