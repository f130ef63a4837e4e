package container

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
)

// unsure is the sentence for when the engine cannot be asked what serves.
func unsure(err error) string { return fmt.Sprintf("What serves now is not known: %s.", err) }

// serving is the sentence that says what answers now, by another look; left,
// whether the failed change left anything behind.
func (c *change) serving(ctx context.Context, left bool) string {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), tidyTimeout)
	defer cancel()
	w, err := c.engine.observe(ctx, c.spec.Name)
	if err != nil {
		return unsure(err)
	}
	s, err := c.engine.describe(ctx, w, c.lookupImage)
	if err != nil {
		return unsure(err)
	}
	return c.servingIn(w, s, left)
}

func (c *change) servingIn(w *world, s deployment.Status, left bool) string {
	of := fmt.Sprintf("Revision %d (%s)", s.Revision, deployment.FamiliarImage(s.Spec.Image))
	if s.Revision == 0 {
		of = fmt.Sprintf("The adopted container (%s)", deployment.FamiliarImage(s.Spec.Image))
	}
	t := c.count(w)
	all := max(s.Spec.Replicas, t.before+t.loading)
	nothing := len(s.Replicas) == 0 || c.world.record == nil && (c.fresh || len(c.world.replicas) == 0) && !c.adopting
	switch {
	case nothing && left:
		return "Nothing was serving before."
	case nothing:
		return "Nothing was serving before, and nothing is left behind."
	case t.before == 0 && t.loading > 0:
		return fmt.Sprintf("%s was started again on %d of %d replicas: it serves once it is ready.", of, t.loading, all) + t.others()
	case t.before == 0 && c.absence != nil && c.absence.out > 0:
		return fmt.Sprintf("%s is not serving on any replica, since %s.", of, c.absence.empty.UTC().Format("15:04:05 MST")) + t.others()
	case t.before == 0:
		return of + " is not serving on any replica." + t.others()
	}
	how, gone := "still serving", ""
	if c.absence != nil {
		gone = c.absence.String()
	}
	if gone != "" {
		how = "serving again"
	}
	text := fmt.Sprintf("%s is %s on %d of %d replicas%s.", of, how, t.before, all, gone)
	if t.loading > 0 {
		text += fmt.Sprintf(" It was started again on %d more, which serve once they are ready.", t.loading)
	}
	return text + t.others()
}

// tally counts replicas in service.
type tally struct {
	before  int         // of what was committed when the change began
	loading int         // of that: started, and not known to be ready
	after   map[int]int // of what was not, by revision
}

// count counts those that run under their slots' names and, behind an endpoint,
// are on the traffic network.
func (c *change) count(w *world) tally {
	t := tally{after: map[int]int{}}
	members := w.replicas
	if w.foreign != nil && (c.adopting || w.record != nil && w.record.adopted == w.foreign.ID) {
		members = append(slices.Clone(members), *w.foreign)
	}
	for _, r := range members {
		if !r.State.Running || r.State.Paused || r.State.Restarting || r.Name != deployment.SlotName(w.name, number(r, docker.LabelSlot)) ||
			c.routed && !c.engine.onTraffic(r) {
			continue
		}
		switch {
		case !c.was(r):
			t.after[number(r, docker.LabelRevision)]++
		case c.loading[r.ID]:
			t.loading++
		default:
			t.before++
		}
	}
	return t
}

// was reports whether r was part of the deployment when the change began. What
// an earlier one made and did not commit was not, unless there is no record to
// tell.
func (c *change) was(r docker.Container) bool {
	before := c.world
	if c.fresh && before.record == nil {
		return false
	}
	if before.record != nil {
		return !before.unfinished(r)
	}
	return before.foreign != nil && before.foreign.ID == r.ID ||
		slices.ContainsFunc(before.replicas, func(o docker.Container) bool { return o.ID == r.ID })
}

// others is the sentence about what the change brought into service.
func (t tally) others() string {
	var parts []string
	for revision, n := range t.after {
		parts = append(parts, fmt.Sprintf("revision %d serves on %d", revision, n))
	}
	if len(parts) == 0 {
		return ""
	}
	slices.Sort(parts)
	text := strings.Join(parts, ", ")
	return " " + strings.ToUpper(text[:1]) + text[1:] + "."
}
