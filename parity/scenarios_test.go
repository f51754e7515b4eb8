package parity

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/purego-kafka/kafka/integration/cluster"
)

var (
	scenarioRE   = flag.String("scenarios", ".", "run the scenarios whose name matches this regular expression")
	scenarioJobs = flag.Int("jobs", 12, "scenarios that run at the same time: they wait most of the time")
	scenarioPeer = flag.Bool("peer", false, "run the scenarios on the peer, to see which of them are stable here")
	recordPeer   = flag.Bool("record-peer", false, "run the scenarios on the peer and write golden/")
	recordOurs   = flag.Bool("record-ours", false, "write diverging/, our transcripts of the scenarios that DIVERGENCES.md names")
)

const (
	goldenDir    = "scenarios/golden"    // what the peer does
	divergingDir = "scenarios/diverging" // what we do where DIVERGENCES.md says that it differs
)

// TestScenarios runs the programs in scenarios/ with our package in place of the peer's, without cgo, against a real
// broker, and compares what they observe with the transcripts of the peer. KAFKA_BROKERS and KAFKA_SASL name the
// plaintext and the SASL listener of a broker that is there already, set up as scenarioBroker does it.
func TestScenarios(t *testing.T) {
	re, err := regexp.Compile(*scenarioRE)
	if err != nil {
		t.Fatal(err)
	}
	side := "ours"
	if *recordPeer || *scenarioPeer {
		side = "peer"
	}
	dir := t.TempDir()
	runner := buildScenarios(t, side, dir)
	names := scenarioNames(t, runner, re)
	b := scenarioBroker(t)
	out := filepath.Join(dir, "out")
	b.run(t, runner, out, names, *scenarioJobs)
	if *recordPeer {
		for _, name := range names {
			write(t, filepath.Join(goldenDir, name+".txt"), readTranscript(t, out, name))
		}
		return
	}
	diverging := divergingScenarios(t)
	expected := func(name string) string {
		if diverging[name] && side == "ours" {
			return divergingDir
		}
		return goldenDir
	}

	// What depends on times may come out otherwise on a busy machine: what differs gets a second try, alone.
	var second []string
	for _, name := range names {
		if want, got := readTranscript(t, expected(name), name), readTranscript(t, out, name); !bytes.Equal(got, want) {
			second = append(second, name)
			if !*recordOurs {
				t.Logf("first try: %s%s", name, difference(want, got))
			}
		}
	}
	if len(second) > 0 && !*recordOurs {
		b.run(t, runner, out, second, 1)
	}
	agree, differing := 0, 0
	for _, name := range names {
		got := readTranscript(t, out, name)
		if diverging[name] && *recordOurs {
			write(t, filepath.Join(divergingDir, name+".txt"), got)
		}
		if want := readTranscript(t, expected(name), name); !bytes.Equal(got, want) {
			t.Errorf("%s%s", name, difference(want, got))
			continue
		}
		if expected(name) == divergingDir && bytes.Equal(got, readTranscript(t, goldenDir, name)) {
			t.Errorf("%s is the same on both sides: take it out of DIVERGENCES.md", name)
			continue
		}
		agree++
		if diverging[name] {
			differing++
		}
		if slices.Contains(second, name) && !*recordOurs {
			t.Logf("%s: agreed at the second try only", name)
		}
	}
	t.Logf("%d of %d scenarios agree, %d of them as DIVERGENCES.md says", agree, len(names), differing)
}

// buildScenarios compiles the programs: for our side with the import exchanged and without cgo.
func buildScenarios(t *testing.T, side, dir string) string {
	t.Helper()
	runner := filepath.Join(dir, "scenarios")
	args := []string{"build", "-o", runner}
	env := os.Environ()
	if side == "ours" {
		args = append(args, "-overlay", exchangedImports(t, dir))
		env = append(env, "CGO_ENABLED=0")
	}
	cmd := exec.Command("go", append(args, "./scenarios")...)
	cmd.Env = env
	if text, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("the scenarios do not compile: %v\n%s", err, text)
	}
	return runner
}

// exchangedImports writes copies of the programs that import our package, and an overlay that puts them in place.
func exchangedImports(t *testing.T, dir string) string {
	t.Helper()
	files, err := filepath.Glob("scenarios/*.go")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scenarios: %v", err)
	}
	overlay := struct{ Replace map[string]string }{map[string]string{}}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		text = bytes.ReplaceAll(text, []byte(`"github.com/confluentinc/confluent-kafka-go/v2/kafka"`), []byte(`"github.com/purego-kafka/kafka"`))
		at, err := filepath.Abs(file)
		if err != nil {
			t.Fatal(err)
		}
		overlay.Replace[at] = filepath.Join(dir, filepath.Base(file))
		write(t, overlay.Replace[at], text)
	}
	text, err := json.Marshal(overlay)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "overlay.json")
	write(t, file, text)
	return file
}

// scenarioNames are the names that match, after a check that every scenario has a transcript and the other way round.
func scenarioNames(t *testing.T, runner string, re *regexp.Regexp) []string {
	t.Helper()
	text, err := exec.Command(runner, "-list").Output()
	if err != nil {
		t.Fatal(err)
	}
	all := strings.Fields(string(text))
	files, err := filepath.Glob(goldenDir + "/*.txt")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if name := strings.TrimSuffix(filepath.Base(file), ".txt"); !slices.Contains(all, name) {
			t.Errorf("%s has no scenario", file)
		}
	}
	var names []string
	for _, name := range all {
		if re.MatchString(name) {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		t.Fatalf("no scenario matches %q", re)
	}
	return names
}

// listeners are the addresses of a broker.
type listeners struct{ plain, sasl string }

// scenarioBroker starts one node, with the users, ACLs and rack that the transcripts were recorded with.
func scenarioBroker(t *testing.T) listeners {
	t.Helper()
	if plain := os.Getenv("KAFKA_BROKERS"); plain != "" {
		sasl := os.Getenv("KAFKA_SASL")
		if sasl == "" {
			t.Fatal("KAFKA_BROKERS is set: set KAFKA_SASL too, to the broker's SASL_PLAINTEXT listener")
		}
		return listeners{plain, sasl}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
	defer cancel()
	c, err := cluster.Start(ctx, cluster.Options{Nodes: 1, Secure: true, Properties: map[string]string{
		"listener.name.sasl_plaintext.plain.sasl.jaas.config": `org.apache.kafka.common.security.plain.PlainLoginModule required ` +
			`username="admin" password="admin" user_admin="admin" user_testuser="testpass";`,
		"sasl.enabled.mechanisms": "PLAIN,SCRAM-SHA-256,SCRAM-SHA-512",
		"super.users":             "User:admin;User:ANONYMOUS",
		"broker.rack":             "RACK1",
		"replica.selector.class":  "org.apache.kafka.common.replica.RackAwareReplicaSelector",
	}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() && !*recordPeer {
			t.Logf("the broker's last lines:\n%s", c.Tail(5))
		}
		_ = c.Close(false)
	})
	return listeners{c.Bootstrap(cluster.Plain), c.Bootstrap(cluster.SASL)}
}

// run runs scenarios, each in a process of its own; their transcripts are in out afterwards.
func (b listeners) run(t *testing.T, runner, out string, names []string, jobs int) {
	t.Helper()
	quoted := make([]string, len(names))
	for i, name := range names {
		quoted[i] = regexp.QuoteMeta(name)
	}
	cmd := exec.CommandContext(t.Context(), runner, "-b", b.plain, "-sasl", b.sasl, "-o", out, "-j", strconv.Itoa(jobs),
		"-run", "^("+strings.Join(quoted, "|")+")$")
	text, err := cmd.CombinedOutput()
	t.Logf("%s", bytes.TrimSpace(text))
	if err != nil {
		t.Fatal(err)
	}
}

// divergingScenarios are the names in DIVERGENCES.md.
func divergingScenarios(t *testing.T) map[string]bool {
	t.Helper()
	names := map[string]bool{}
	for _, row := range divergences(t) {
		for _, name := range row.scenarios {
			names[name] = true
			if _, err := os.Stat(filepath.Join(goldenDir, name+".txt")); err != nil {
				t.Errorf("DIVERGENCES.md, %s: %v", row.id, err)
			}
		}
	}
	return names
}

// readTranscript returns a transcript, empty where there is none.
func readTranscript(t *testing.T, dir, name string) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, name+".txt"))
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	return text
}

func write(t *testing.T, file string, text []byte) {
	t.Helper()
	err := os.MkdirAll(filepath.Dir(file), 0o755)
	if err == nil {
		err = os.WriteFile(file, text, 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// difference shows the first line that differs.
func difference(want, got []byte) string {
	w, g := strings.Split(string(want), "\n"), strings.Split(string(got), "\n")
	for i := range max(len(w), len(g)) {
		a, b := "(nothing)", "(nothing)"
		if i < len(w) {
			a = w[i]
		}
		if i < len(g) {
			b = g[i]
		}
		if a != b {
			return fmt.Sprintf(", line %d:\n want: %s\n got:  %s", i+1, a, b)
		}
	}
	return ": no difference"
}
