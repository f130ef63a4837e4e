package provider

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
)

// What the private state of a deployment remembers: facts that plans need and
// no attribute shows.
const (
	// driftIsLiveKey: all drift that was found is mended without a new
	// container. The sentences in state do not tell.
	driftIsLiveKey = "drift_is_live"
	// withoutSecretsKey: there were no write-only variables. That some were
	// taken away shows nowhere else.
	withoutSecretsKey = "without_secrets"
	// seenKey: a digest of what was found on the engine when the state was
	// written, if the state says just that.
	seenKey = "seen"
)

// remember writes all of it, and the resource's life; state is what is saved
// beside it.
func (r *deploymentResource) remember(ctx context.Context, to privateWriter, uid string, status deployment.Status, state deploymentModel) diag.Diagnostics {
	live := true
	for _, d := range status.Drift {
		live = live && d.Live
	}
	seen := ""
	if next, diags := observed(status, &state, r.rt.NamePrefix); !diags.HasError() && next.equal(&state) {
		seen = r.rt.seen(status)
	}
	var diags diag.Diagnostics
	for key, fact := range map[string]any{
		driftIsLiveKey: live, withoutSecretsKey: len(status.Spec.Secrets.Keys) == 0, seenKey: seen, lifeKey: uid,
	} {
		text, err := json.Marshal(fact)
		if err != nil {
			panic(err) // bools and strings always encode
		}
		diags.Append(to.SetKey(ctx, key, text)...)
	}
	return diags
}

// seen is a digest of all of a status that a state is made of, and of what
// makes states of them.
func (rt *runtime) seen(s deployment.Status) string {
	type replica struct {
		Slot     int
		Name, ID string
	}
	facts := struct {
		Version, NamePrefix string
		Spec                deployment.Spec
		Managed, Recorded   bool
		State               deployment.State
		Revision            int
		Fingerprint         string
		ImageID, Digest     string
		Replicas            []replica
		Drift               []deployment.Drift
	}{
		Version: rt.Version, NamePrefix: rt.NamePrefix, Spec: s.Spec, Managed: s.Managed, Recorded: s.Recorded, State: s.State,
		Revision: s.Revision, Fingerprint: s.Fingerprint, ImageID: s.ImageID, Digest: s.ImageDigest, Drift: s.Drift,
	}
	for _, r := range s.Replicas {
		facts.Replicas = append(facts.Replicas, replica{r.Slot, r.Name, r.ID})
	}
	text, err := json.Marshal(facts)
	if err != nil {
		panic(err) // see deployment.Fingerprint
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:16])
}
