package integration_test

import (
	"context"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/purego-kafka/kafka/integration/cluster"
)

var (
	tourTopic = regexp.MustCompile(`(?m)^Topic (\S+):`)
	tourCount = regexp.MustCompile(`(?m)^ *(\d+) +(\d+) +\d+\.\d+  (.*)$`)
)

// The tour that a newcomer runs, as a newcomer runs it, but against a real broker.
func TestQuickstart(t *testing.T) {
	t.Parallel()
	c := broker(t)
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute) // building it takes most of the time
	defer cancel()
	cmd := exec.CommandContext(ctx, "go", "run", "./examples/quickstart", "-b", c.Bootstrap(cluster.Plain))
	cmd.Dir = ".." // the module it belongs to
	cmd.Env = append(cmd.Environ(), "CGO_ENABLED=0")
	var out, stderr strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &stderr
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v\n%s\n%s", err, out.String(), stderr.String())
	}
	rows := tourCount.FindAllStringSubmatch(out.String(), -1)
	if len(rows) < 5 {
		t.Errorf("%d counts at the end, want at least 5:\n%s", len(rows), out.String())
	}
	for _, row := range rows {
		if row[1] != row[2] || row[1] == "0" {
			t.Errorf("%s: %s messages, want %s", row[3], row[2], row[1])
		}
	}
	topic := tourTopic.FindStringSubmatch(out.String())
	if topic == nil {
		t.Fatalf("no topic is named:\n%s", out.String())
	}
	log, err := c.ReadAll(t.Context(), topic[1])
	if err != nil || len(log) == 0 {
		t.Errorf("the topic %s holds %d messages, %v", topic[1], len(log), err)
	}
}
