package parity

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"
)

// childSide names, in the environment, the side whose clients a child process of this test makes.
const childSide = "PARITY_CONFIG_SIDE"

// limitOfCase is how long making a client, and closing it, may take.
const limitOfCase = 20 * time.Second

// verdict is what a side says to a configuration.
type verdict struct {
	text   string // "accepted", or the type, code and text of the error; "panic: …" and "hangs" where that happened
	closed bool   // Close returned, or there was nothing to close
}

// TestConfigVerdicts: both sides take the same configurations, and refuse the others with the same code and text.
func TestConfigVerdicts(t *testing.T) {
	cases := configCases(t)
	if side := os.Getenv(childSide); side != "" {
		configChild(side, cases)
		return
	}
	theirs := verdicts(t, "peer", cases)
	ours := verdicts(t, "ours", cases)
	seen := map[string]int{}
	shown, different := 0, 0
	for i, c := range cases {
		if !ours[i].closed {
			t.Errorf("%s: Close does not return", c)
		}
		if ours[i].text == theirs[i].text {
			continue
		}
		if id := permitted(c, ours[i].text, theirs[i].text); id != "" {
			seen[id]++
			continue
		}
		different++
		if shown++; shown <= 200 || testing.Verbose() {
			t.Errorf("%s\n ours: %s\n peer: %s", c, ours[i].text, theirs[i].text)
		}
	}
	t.Logf("%d configurations, %d differ, permitted differences by row of DIVERGENCES.md: %v", len(cases), different, seen)
	for _, d := range configDivergences {
		divergence(t, d.id)
		if seen[d.id] == 0 {
			t.Errorf("no configuration differs because of %s any more", d.id)
		}
	}
}

// verdicts runs all cases in child processes: one that dies or hangs costs its case only.
func verdicts(t *testing.T, side string, cases []configCase) []verdict {
	t.Helper()
	begin := time.Now()
	all := make([]verdict, 0, len(cases))
	for len(all) < len(cases) {
		all = configRun(t, side, all)
	}
	t.Logf("%s: %d clients in %v", side, len(cases), time.Since(begin).Round(time.Millisecond))
	return all
}

// configRun starts a child with the first case that has no verdict yet and collects until it ends.
func configRun(t *testing.T, side string, all []verdict) []verdict {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^TestConfigVerdicts$", "-test.timeout=0")
	cmd.Env = append(os.Environ(), childSide+"="+side, "PARITY_CONFIG_FROM="+strconv.Itoa(len(all)))
	in, out, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	cmd.ExtraFiles = []*os.File{out}
	var stderr tail
	cmd.Stderr = &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	_ = out.Close()
	killed := false
	watch := time.AfterFunc(limitOfCase, func() { killed = true; _ = cmd.Process.Kill() })
	first := len(all)
	made := false // the verdict of the last case is there, Close is still running
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		watch.Reset(limitOfCase)
		if lines.Text() == "closed" {
			all[len(all)-1].closed, made = true, false
			continue
		}
		text, err := strconv.Unquote(lines.Text())
		if err != nil {
			t.Fatalf("%s: a line from the child: %q", side, lines.Text())
		}
		all, made = append(all, verdict{text: text}), true
	}
	watch.Stop()
	err = cmd.Wait()
	if err == nil {
		return all
	}
	if made { // it died in Close: closed stays false
		return all
	}
	if len(all) == first && first > 0 && !killed && stderr.String() == "" {
		t.Fatalf("%s: the child does not start: %v", side, err)
	}
	word := "dies: " + stderr.firstLine()
	if killed {
		word = "hangs"
	}
	return append(all, verdict{text: word, closed: true})
}

// configChild makes the clients and writes two lines for each to descriptor 3: the verdict, and "closed".
func configChild(side string, cases []configCase) {
	out := os.NewFile(3, "verdicts")
	from, _ := strconv.Atoi(os.Getenv("PARITY_CONFIG_FROM"))
	make := makeOurs
	if side == "peer" {
		make = makePeers
	}
	for _, c := range cases[from:] {
		text, closeIt := make(c)
		fmt.Fprintf(out, "%q\n", text)
		// The peer's consumer with an empty group id is known never to return from Close.
		if closeIt != nil && (side != "peer" || c.kind != "consumer" || !emptyGroup(c)) {
			closeIt()
		}
		fmt.Fprintln(out, "closed")
	}
	os.Exit(0)
}

func emptyGroup(c configCase) bool {
	for _, s := range c.settings {
		if s.key == "group.id" {
			return strings.TrimSpace(fmt.Sprint(s.value)) == ""
		}
	}
	return false
}

// basics are the settings that every case has unless it sets them itself: no broker is ever reached.
func basics(c configCase, set func(key string, value any)) {
	set("bootstrap.servers", "127.0.0.1:1")
	if c.kind == "consumer" {
		set("group.id", "g")
	}
	for _, s := range c.settings {
		if s.key == "metadata.broker.list" {
			set("bootstrap.servers", nil) // its alias; nil removes
		}
		if s.key == "log_level" {
			return
		}
	}
	set("log_level", 0)
}

// verdictOf names the type of an error, its code where it has one, and its text.
func verdictOf(err error, code func(error) (int, bool)) string {
	if err == nil {
		return "accepted"
	}
	if n, ok := code(err); ok {
		return fmt.Sprintf("code %d %q", n, err)
	}
	return fmt.Sprintf("%T %q", err, err)
}

// recovered turns a panic into a verdict.
func recovered(text *string) {
	if r := recover(); r != nil {
		*text = "panic: " + fmt.Sprint(r)
	}
}

// tail keeps the beginning of what a child writes to stderr after the last panic or fatal error began.
type tail struct{ b []byte }

func (w *tail) Write(p []byte) (int, error) {
	if len(w.b) < 1<<20 {
		w.b = append(w.b, p...)
	}
	return len(p), nil
}

func (w *tail) String() string { return string(w.b) }

func (w *tail) firstLine() string {
	s := w.String()
	for _, head := range []string{"panic: ", "fatal error: ", "SIG"} {
		if i := strings.LastIndex(s, head); i >= 0 {
			s = s[i:]
			break
		}
	}
	s, _, _ = strings.Cut(s, "\n")
	return s
}

var _ io.Writer = (*tail)(nil)
