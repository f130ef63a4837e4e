package gateway

import (
	"encoding/csv"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// statTable is what a worker answers to "show stat": columns by name, since every
// version of the proxy has more of them.
type statTable struct {
	columns map[string]int
	rows    [][]string
}

// parseTable reads a table that has at least these columns. Every row has as many
// fields as there are columns: what is cut off is an error.
func parseTable(text string, columns ...string) (statTable, error) {
	reader := csv.NewReader(strings.NewReader(strings.TrimPrefix(text, "# ")))
	reader.LazyQuotes = true // texts of checks
	rows, err := reader.ReadAll()
	if err != nil || len(rows) == 0 {
		return statTable{}, fmt.Errorf("the proxy's statistics cannot be read: %.200q", text)
	}
	t := statTable{columns: map[string]int{}, rows: rows[1:]}
	for i, name := range rows[0] {
		t.columns[name] = i
	}
	for _, name := range columns {
		if _, ok := t.columns[name]; !ok {
			return statTable{}, fmt.Errorf("the proxy's statistics have no column %s: %.200q", name, text)
		}
	}
	return t, nil
}

// statRow is a row of a table. What is read of it are columns that parseTable
// was asked for. The first number that is none is its err.
type statRow struct {
	table statTable
	cells []string
	err   error
}

// each calls do for every row, until one of them has a number that is none.
func (t statTable) each(do func(*statRow)) error {
	for _, cells := range t.rows {
		r := &statRow{table: t, cells: cells}
		if do(r); r.err != nil {
			return r.err
		}
	}
	return nil
}

func (r *statRow) text(column string) string { return r.cells[r.table.columns[column]] }

// small is a number of things that exist at the same time.
func (r *statRow) small(column string) int { return int(min(r.number(column), math.MaxInt32)) }

// number is 0 where there is none: a backend has other figures than a server.
func (r *statRow) number(column string) uint64 {
	text := r.text(column)
	if text == "" {
		return 0
	}
	n, err := strconv.ParseUint(text, 10, 63)
	if err != nil && r.err == nil {
		r.err = fmt.Errorf("the proxy's statistics have %.40q as %s of %.80s/%.80s", text, column, r.text("pxname"), r.text("svname"))
	}
	return n
}
