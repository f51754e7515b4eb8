package kafka_test

import (
	"flag"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"
)

// gather has all producers of the tests gather messages, which they do under load only.
var gather = flag.Bool("gather", false, "have producers gather messages")

// TestMain fails when a goroutine outlives the tests: every client must have ended all of its own in Close.
func TestMain(m *testing.M) {
	// The tests wait for brokers and timers much more than they compute.
	flag.Parse()
	if p := flag.Lookup("test.parallel"); p.Value.String() == strconv.Itoa(runtime.GOMAXPROCS(0)) {
		_ = p.Value.Set("6")
	}
	code := m.Run()
	if code == 0 {
		if left := goroutinesLeft(5 * time.Second); len(left) > 0 {
			fmt.Fprintf(os.Stderr, "FAIL: %d goroutines are left after all tests:\n\n%s\n", len(left), strings.Join(left, "\n\n"))
			code = 1
		}
	}
	os.Exit(code)
}

// goroutinesLeft returns the stacks of the goroutines other than the caller's and those of the testing package. It
// gives what is just ending until the limit to do so.
func goroutinesLeft(limit time.Duration) []string {
	end := time.NewTimer(limit)
	defer end.Stop()
	look := time.NewTicker(20 * time.Millisecond)
	defer look.Stop()
	for {
		left := foreignGoroutines()
		if len(left) == 0 {
			return nil
		}
		select {
		case <-look.C:
		case <-end.C:
			return left
		}
	}
}

func foreignGoroutines() (left []string) {
	buf := make([]byte, 1<<20)
	n := runtime.Stack(buf, true)
	for n == len(buf) {
		buf = make([]byte, 2*len(buf))
		n = runtime.Stack(buf, true)
	}
	for i, stack := range strings.Split(string(buf[:n]), "\n\n") {
		if i == 0 || ownGoroutine(stack) { // the first is the caller
			continue
		}
		left = append(left, stack)
	}
	return left
}

// ownGoroutine reports whether a goroutine is one of the testing package, which it keeps until the process ends.
func ownGoroutine(stack string) bool {
	for _, f := range []string{
		"testing.(*M).startAlarm", "testing.(*F).Fuzz", "testing.tRunner(", "testing.runFuzzing(",
		"os/signal.signal_recv", "os/signal.loop", "runtime.ReadTrace", "runtime/pprof.profileWriter",
		"internal/fuzz.",
	} {
		if strings.Contains(stack, f) {
			return true
		}
	}
	return false
}

// TestGoroutinesLeft: the check above must see a goroutine that stays, and must see it end.
func TestGoroutinesLeft(t *testing.T) {
	started, stop, stopped := make(chan struct{}), make(chan struct{}), make(chan struct{})
	go leakForTest(started, stop, stopped)
	<-started
	if left := strings.Join(goroutinesLeft(0), "\n\n"); !strings.Contains(left, "leakForTest") {
		t.Errorf("a goroutine that waits is not among those left:\n%s", left)
	}
	close(stop)
	<-stopped
	end := time.After(5 * time.Second)
	for strings.Contains(strings.Join(foreignGoroutines(), ""), "leakForTest") {
		select {
		case <-end:
			t.Fatal("the goroutine is still among those left after it has ended")
		default:
			runtime.Gosched()
		}
	}
}

func leakForTest(started chan<- struct{}, stop <-chan struct{}, stopped chan<- struct{}) {
	defer close(stopped)
	close(started)
	<-stop
}
