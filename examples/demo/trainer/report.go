package main

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
)

// shown is how many rows a table starts with, before it goes on with the wrong ones alone.
const shown = 10

const rowFormat = "%6s  %-10s  %5s  %11s%s\n"

// report compares the answers of the servers with the truth.
type report struct {
	Model    string         `json:"model"`
	Versions []string       `json:"model_versions"` // more than one while a rollout is under way
	Accuracy float64        `json:"accuracy"`       // fraction, 0 to 1
	Correct  int            `json:"correct"`
	Total    int            `json:"total"`
	Servers  map[string]int `json:"servers"` // base URL → rows that it answered
	Answers  []answer       `json:"answers"`
}

func newReport(model string, answers []answer) report {
	r := report{Model: model, Total: len(answers), Servers: map[string]int{}, Answers: answers}
	for _, a := range answers {
		if a.Prediction == a.Truth {
			r.Correct++
		}
		r.Servers[a.Server]++
		if !slices.Contains(r.Versions, a.Version) {
			r.Versions = append(r.Versions, a.Version)
		}
	}
	r.Accuracy = float64(r.Correct) / float64(max(1, r.Total))
	return r
}

func (r report) write(out io.Writer, format string) error {
	if format == "json" {
		return json.NewEncoder(out).Encode(r)
	}
	return r.writeTable(out)
}

func (r report) writeTable(out io.Writer) error {
	first := r.Answers[:min(shown, len(r.Answers))]
	var wrong []answer
	for _, a := range r.Answers[len(first):] {
		if a.Prediction != a.Truth {
			wrong = append(wrong, a)
		}
	}

	fmt.Fprintf(out, rowFormat, "row", "prediction", "truth", "probability", r.column("server"))
	r.writeRows(out, first)
	if rest := len(r.Answers) - len(first); rest > 0 {
		fmt.Fprintf(out, "and %d more rows, of which %d are wrong:\n", rest, len(wrong))
		r.writeRows(out, wrong)
	}

	fmt.Fprintf(out, "\naccuracy %.1f %% (%d of %d held-out rows), model %s, version %s\n",
		100*r.Accuracy, r.Correct, r.Total, r.Model, strings.Join(r.Versions, " and "))
	servers := make([]string, 0, len(r.Servers))
	for server, rows := range r.Servers {
		servers = append(servers, fmt.Sprintf("%s answered %d rows", server, rows))
	}
	slices.Sort(servers)
	_, err := fmt.Fprintln(out, strings.Join(servers, ", "))
	return err
}

func (r report) writeRows(out io.Writer, answers []answer) {
	for _, a := range answers {
		prediction := strconv.Itoa(a.Prediction)
		if a.Prediction != a.Truth {
			prediction += " wrong"
		}
		probability := fmt.Sprintf("%.1f %%", 100*a.Probability)
		fmt.Fprintf(out, rowFormat, strconv.Itoa(a.Row), prediction, strconv.Itoa(a.Truth), probability, r.column(a.Server))
	}
}

// column of the servers; of one alone it would say the same in every row.
func (r report) column(text string) string {
	if len(r.Servers) < 2 {
		return ""
	}
	return "  " + text
}
