package provider

import "testing"

// TestTimeoutsSpellings: a bound that is as long as it was is no change, of any
// resource, however it is written; a longer one is.
func TestTimeoutsSpellings(t *testing.T) {
	parallel(t)
	for name, c := range map[string]struct {
		host   *host
		config object
	}{
		deploymentType:   {newHost(t, nil, serving("iris-serve:1")), iris},
		modelType:        {newModelHost(t, nil), object{"name": "iris", "source": weights(t, "1")}},
		workflowTypeName: {newWorkflowHost(t).host, retrain(nil, nil, nil)},
		endpointType:     {newEndpointHost(t, nil), canary()},
	} {
		t.Run(name, func(t *testing.T) {
			h := *c.host
			h.t = t
			within := func(create, update string) object {
				return with(c.config, object{"timeouts": object{"create": create, "update": update}})
			}
			w := h.create(within("60m", "90m"))
			h.planIsEmpty(w, within("1h", "1h30m"))
			if changed := h.changed(h.plan(w, within("61m", "90m"))); len(changed) == 0 {
				t.Error("a longer bound is no change")
			}
		})
	}
}
