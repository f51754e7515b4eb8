package main

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"time"
)

func TestTour(t *testing.T) {
	var out bytes.Buffer
	begin := time.Now()
	if err := run(t.Context(), "", &out); err != nil {
		t.Fatalf("%v\n%s", err, &out)
	}
	// It takes less than a second where nothing else runs; the race detector and a busy machine get some more.
	if d := time.Since(begin); d > 15*time.Second {
		t.Errorf("the tour took %s", d)
	}
	for _, want := range []string{
		"20 of 20 delivered", "10 of 10 delivered", " ends at offset ", "committed after 30 messages:", "committed:",
		"committed in the end:", "batch of ", "All counts are right.",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is not in the output:\n%s", want, &out)
		}
	}
}

// TestReport: the program must fail when a count is wrong or a step failed.
func TestReport(t *testing.T) {
	steps := []step{{title: "first", want: 3}, {title: "second", want: 4}}
	failure := errors.New("no broker")
	for _, tt := range []struct {
		name    string
		results []result
		want    string
	}{
		{"right", []result{{count: 3}, {count: 4}}, ""},
		{"too few", []result{{count: 3}, {count: 2}}, "second: 2 messages, expected 4"},
		{"too many", []result{{count: 5}, {count: 4}}, "first: 5 messages, expected 3"},
		{"failed", []result{{count: 3, err: failure}, {count: 4}}, "first: no broker"},
	} {
		err := report(io.Discard, steps, tt.results)
		if got := errorText(err); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
