package parity

import (
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"
)

// divergenceRow is a row of the table in DIVERGENCES.md.
type divergenceRow struct {
	id        string
	scenarios []string // names of scenarios/ that differ because of it
}

// divergenceTable reads the rows of DIVERGENCES.md: lines "| `id` | what | why | scenarios |".
var divergenceTable = sync.OnceValues(func() (map[string]divergenceRow, error) {
	text, err := os.ReadFile("../DIVERGENCES.md")
	if err != nil {
		return nil, err
	}
	rows := map[string]divergenceRow{}
	for line := range strings.Lines(string(text)) {
		m := reDivergence.FindStringSubmatch(strings.TrimSpace(line))
		if m == nil {
			continue
		}
		row := divergenceRow{id: m[1]}
		for _, s := range reQuoted.FindAllStringSubmatch(m[2], -1) {
			row.scenarios = append(row.scenarios, s[1])
		}
		rows[row.id] = row
	}
	return rows, nil
})

var (
	reDivergence = regexp.MustCompile("^\\| `([^`]+)` \\|.*\\|([^|]*)\\|$")
	reQuoted     = regexp.MustCompile("`([^`]+)`")
)

// divergences returns the table of DIVERGENCES.md.
func divergences(t *testing.T) map[string]divergenceRow {
	t.Helper()
	rows, err := divergenceTable()
	if err != nil {
		t.Fatal(err)
	}
	if len(rows) == 0 {
		t.Fatal("DIVERGENCES.md has no rows of the form | `id` | what | why | scenarios |")
	}
	return rows
}

// divergence fails the test if DIVERGENCES.md does not have the row.
func divergence(t *testing.T, id string) {
	t.Helper()
	if _, ok := divergences(t)[id]; !ok {
		t.Errorf("DIVERGENCES.md has no row `%s`", id)
	}
}
