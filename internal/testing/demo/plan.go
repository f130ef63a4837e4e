package main

import (
	"regexp"
	"strings"
)

// plan leaves of what Terraform prints what tells the story: which resources change, which steps run and why, and what
// came of it. The rest is hundreds of lines.
type plan struct {
	each   func(line string)
	brief  bool   // without the outputs
	inside bool   // the list of changes
	ended  bool   // the outputs follow
	step   string // whose result the lines are about
}

var (
	// stepLine begins the result of a step: ~ "train" = {
	stepLine = regexp.MustCompile(`^\s+[-+~] "([a-z0-9-]+)"\s+= \{$`)
	// reasonLine is why it runs: ~ reason = "it has no result yet" -> "command changed"
	reasonLine = regexp.MustCompile(`^\s+[+~] reason\s+= (?:".*" -> )?"(.*)"$`)
)

// colours are what Terraform sends to a terminal beside the text.
var colours = regexp.MustCompile(`\x1b\[[0-9;]*m`)

// line takes the next line of Terraform's output.
func (p *plan) line(printed string) {
	line := colours.ReplaceAllString(printed, "")
	switch {
	case p.ended:
	case p.brief && line == "Outputs:":
		p.ended = true
	case line == "Terraform will perform the following actions:", line == "OpenTofu will perform the following actions:":
		p.inside = true
		p.each(printed)
	case !p.inside:
		p.each(printed)
	case strings.HasPrefix(line, "Plan: "):
		p.each(printed)
	case strings.HasPrefix(line, "  # "): // a resource
		p.each(printed)
	case strings.HasPrefix(line, "Changes to Outputs:"):
	case line != "" && line[0] != ' ': // what comes after the plan
		p.inside = false
		p.each(printed)
	default:
		if found := stepLine.FindStringSubmatch(line); found != nil {
			p.step = found[1]
		}
		if found := reasonLine.FindStringSubmatch(line); found != nil {
			p.each("      step " + p.step + ` runs: ` + strings.ReplaceAll(found[1], `\"`, `"`))
		}
	}
}
