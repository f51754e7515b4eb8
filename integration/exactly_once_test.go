package integration_test

import (
	"context"
	"fmt"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/purego-kafka/kafka/integration/cluster"
)

// Two processes copy a topic while messages come in. One is killed, or stands still for longer than its session and its
// transaction last. Who reads what is committed finds every message once.
func TestExactlyOnce(t *testing.T) {
	t.Parallel()
	c := forTransactions(t)
	for _, row := range []struct {
		protocol string
		halt     bool // stands still and goes on, instead of being killed
	}{{"classic", false}, {"consumer", false}, {"classic", true}, {"consumer", true}} {
		what := "killed"
		if row.halt {
			what = "halted"
		}
		t.Run(row.protocol+" "+what, func(t *testing.T) {
			t.Parallel()
			if row.protocol == "consumer" && before4(c) {
				t.Skipf("Kafka %s loses transactions of these groups, see forTransactions", c.Version)
			}
			const partitions = 3
			in, out, group := newTopic(t, c, partitions), newTopic(t, c, 1), unique(t, "group")
			start := func(name string) *process {
				return startProcess(t, c, name, map[string]string{childMode: "exactly once", childGroup: group, childTopic: in,
					childProto: row.protocol, childCopy: out, childTxn: unique(t, name)})
			}
			writer := startWriter(t, c, in, partitions)
			victim, heir := start("victim"), start("heir")
			await(t, patience, "both processes read", func() bool {
				return len(victim.handled()) >= 50 && len(heir.handled()) >= 50
			})
			if row.halt {
				victim.signal(syscall.SIGSTOP)
			} else {
				victim.signal(syscall.SIGKILL)
				<-victim.ended
			}
			mark := writer.ends()
			await(t, patience, "the heir reads all partitions beyond where they were", func() bool {
				return len(heir.beyond(mark)) == partitions
			})
			if row.halt {
				awake := writer.ends()
				victim.signal(syscall.SIGCONT)
				await(t, patience, "the halted process reads again", func() bool { return len(victim.beyond(awake)) > 0 })
			}
			ends := writer.stop()
			await(t, patience, "the group has read to the end", func() bool {
				for p, end := range ends {
					if committed(t, c, group, in, p) < end {
						return false
					}
				}
				return true
			})
			heir.leave()
			if row.halt {
				victim.leave()
			}
			await(t, patience, "all transactions are decided", func() bool { return decided(t, c, out) })
			copies := readCommitted(t, c, out)
			for p, end := range ends {
				for o := range end {
					at := fmt.Sprintf("%d %d", p, o)
					if n := copies[at]; n != 1 {
						t.Errorf("message %s was copied %d times", at, n)
					}
					delete(copies, at)
				}
			}
			if len(copies) > 0 {
				t.Errorf("copies of messages that nobody wrote: %v", copies)
			}
			tried := 0
			for _, n := range union(victim.handled(), heir.handled()) {
				tried += n
			}
			t.Logf("%d messages, handled %d times", total(ends), tried)
		})
	}
}

// readCommitted counts the values that a topic of one partition holds in committed transactions, by the engine.
func readCommitted(t *testing.T, c *cluster.Cluster, topic string) map[string]int {
	t.Helper()
	stable, err := admin(t, c).ListCommittedOffsets(t.Context(), topic)
	must(t, err)
	end, ok := stable.Lookup(topic, 0)
	if !ok || end.Err != nil {
		t.Fatalf("the end of %s: %v", topic, end.Err)
	}
	reader, err := kgo.NewClient(kgo.SeedBrokers(strings.Split(c.Bootstrap(cluster.Plain), ",")...), kgo.KeepControlRecords(),
		kgo.FetchIsolationLevel(kgo.ReadCommitted()), kgo.FetchMaxWait(100*time.Millisecond),
		kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{topic: {0: kgo.NewOffset().AtStart()}}))
	must(t, err)
	defer reader.Close()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	counts := map[string]int{}
	for next := int64(0); next < end.Offset; { // the last record is the mark of a transaction's end
		fetches := reader.PollFetches(ctx)
		if err := fetches.Err0(); err != nil {
			t.Fatalf("reading %s: %v", topic, err)
		}
		fetches.EachRecord(func(r *kgo.Record) {
			if next = r.Offset + 1; !r.Attrs.IsControl() {
				counts[string(r.Value)]++
			}
		})
	}
	return counts
}
