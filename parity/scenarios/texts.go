package main

import (
	"fmt"
	"os"
	"sort"
	"strings"
	"time"

	"github.com/confluentinc/confluent-kafka-go/v2/kafka"
)

func init() {
	reg("texts.enums", func(t *T) {
		for i := -2; i < 16; i++ {
			t.P("%d resource %q pattern %q operation %q permission %q state %q type %q source %q", i, kafka.ResourceType(i), kafka.ResourcePatternType(i), kafka.ACLOperation(i), kafka.ACLPermissionType(i),
				kafka.ConsumerGroupState(i), kafka.ConsumerGroupType(i), kafka.ConfigSource(i))
		}
		for i := -1; i < 4; i++ {
			t.P("%d time %q", i, kafka.TimestampType(i))
		}
		t.P("%d %d", kafka.IsolationLevelReadUncommitted, kafka.IsolationLevelReadCommitted)
	})

	reg("texts.from_string", func(t *T) {
		for _, s := range []string{"Unknown", "UNKNOWN", "any", "Topic", "Group", "broker", "TransactionalID", "TRANSACTIONAL_ID", " topic"} {
			v, err := kafka.ResourceTypeFromString(s)
			t.P("resource %q %d", s, int(v))
			t.ErrT("resource", err)
		}
		for _, s := range []string{"unknown", "Any", "Match", "literal", "prefixed", ""} {
			v, err := kafka.ResourcePatternTypeFromString(s)
			t.P("pattern %q %d", s, int(v))
			t.ErrT("pattern", err)
		}
		for _, s := range []string{"unknown", "write", "create", "delete", "alter", "describe", "cluster_action", "alter_configs", "idempotent_write", "ClusterAction"} {
			v, err := kafka.ACLOperationFromString(s)
			t.P("operation %q %d", s, int(v))
			t.ErrT("operation", err)
		}
		for _, s := range []string{"unknown", "Allow", ""} {
			v, err := kafka.ACLPermissionTypeFromString(s)
			t.P("permission %q %d", s, int(v))
			t.ErrT("permission", err)
		}
		for _, s := range []string{"Unknown", "COMPLETINGREBALANCE", "Completing_Rebalance", "dead", ""} {
			v, err := kafka.ConsumerGroupStateFromString(s)
			t.P("state %q %d", s, int(v))
			t.ErrT("state", err)
		}
		for _, s := range []string{"unknown", "CLASSIC", ""} {
			t.P("type %q %d", s, int(kafka.ConsumerGroupTypeFromString(s)))
		}
		for _, s := range []string{"unknown", "SCRAM-SHA-512", ""} {
			v, err := kafka.ScramMechanismFromString(s)
			t.P("scram %q %d", s, int(v))
			t.ErrT("scram", err)
		}
	})

	reg("texts.new_offset", func(t *T) {
		for _, v := range []any{0, 5, -1, -2, -1000, -1001, int64(7), int64(1) << 40, int32(3), uint(3), 1.5, true, nil, kafka.Offset(9), kafka.OffsetEnd, "beginning", "earliest", "end", "latest", "unset", "invalid", "stored", "BEGINNING", " 5", "5", "-5", "+5", "0x10", "1e3", "", "9999999999999999999", "TAIL(5)", []byte("5")} {
			o, err := kafka.NewOffset(v)
			t.P("%T %v: %d %s", v, v, int64(o), o)
			t.Err("error", err)
			if _, ok := err.(kafka.Error); !ok && err != nil { // of those the peer's text is a mistake of formatting
				t.Text("error: %s", err)
			}
		}
		o := kafka.Offset(3)
		t.ErrT("Set", o.Set("latest"))
		t.P("%d", o)
		t.ErrT("Set", o.Set("x"))
		t.P("%d", o)
		t.Err("Set", o.Set(1.5))
		t.P("%d", o)
		for _, n := range []kafka.Offset{0, 1, 5, -5, 1 << 40} {
			t.P("tail %d: %d %s", n, int64(kafka.OffsetTail(n)), kafka.OffsetTail(n))
		}
	})

	reg("texts.sorting", func(t *T) {
		ps := kafka.TopicPartitions{tp("b", 1), tp("a", 10), tp("b", 0), tp("a", 2), tp("", 5), tpo("a", 2, 7)}
		t.P("%d %v %v %v", ps.Len(), ps.Less(0, 1), ps.Less(1, 0), ps.Less(3, 5))
		sort.Stable(ps)
		t.P("%s", ps)
		ps.Swap(0, 1)
		t.P("%v", ps)
		t.panics("nil topic", func() { t.P("%v", (kafka.TopicPartitions{{}, tp("a", 0)}).Less(0, 1)) })
	})

	reg("texts.headers", func(t *T) {
		for _, n := range []int{0, 1, 15, 16, 49, 50, 51, 64, 65, 66, 100} {
			t.P("%d %s", n, kafka.Header{Key: "k", Value: []byte(strings.Repeat("x", n))})
		}
		t.P("%s", kafka.Header{Key: "a=b", Value: []byte("ä\x00\"")})
		t.P("%v", []kafka.Header{{Key: "a"}, {Key: "b", Value: []byte("c")}})
	})

	reg("texts.errors", func(t *T) {
		for _, e := range []kafka.Error{{}, kafka.NewError(kafka.ErrNoError, "", false), kafka.NewError(kafka.ErrNoError, "text", true), kafka.NewError(kafka.ErrTimedOut, "", false), kafka.NewError(kafka.ErrTimedOut, "", true), kafka.NewError(kafka.ErrMsgTimedOut, "late", false),
			kafka.NewError(kafka.ErrTimedOutQueue, "x", true), kafka.NewError(kafka.ErrRequestTimedOut, "", false), kafka.NewError(-200, "", false), kafka.NewError(-9999, "", true), kafka.NewError(9999, "", false), kafka.NewError(kafka.ErrFenced, "a\nb", false)} {
			t.P("%s", kef(e))
			t.Text("%s / %v / %q", e, e.Error(), e.String())
		}
		a, b := kafka.NewError(kafka.ErrFail, "x", false), kafka.NewError(kafka.ErrFail, "x", false)
		t.P("equal %v, with another text %v, fatal %v", a == b, a == kafka.NewError(kafka.ErrFail, "y", false), a == kafka.NewError(kafka.ErrFail, "x", true))
		var err error = a
		ke, ok := err.(kafka.Error)
		t.P("%v %v", ok, ke.Code() == kafka.ErrFail)
		t.P("as a map's key %d", len(map[kafka.Error]bool{a: true, b: true}))
		t.P("%v %d %s", kafka.ErrFail, kafka.ErrFail, kafka.ErrFail)
	})

	reg("texts.fatal_errors", func(t *T) {
		p := t.Producer("bootstrap.servers", nowhere, "log_level", 0)
		t.Err("none", p.GetFatalError())
		t.P("%d", p.TestFatalError(kafka.ErrUnknownTopicOrPart, "first"))
		t.P("%d", p.TestFatalError(kafka.ErrFenced, "second"))
		t.ErrT("the first", p.GetFatalError())
		end := time.After(3 * time.Second)
		for done := false; !done; {
			select {
			case ev := <-p.Events():
				if e, ok := ev.(kafka.Error); ok && e.IsFatal() {
					t.P("event %s", kef(e))
					t.Text("event %s", e)
					done = true
				}
			case <-end:
				t.P("no event")
				done = true
			}
		}
		t.ErrT("a plain producer goes on", p.Produce(message("t", 0, "k", "v"), nil))
		q := t.Producer("bootstrap.servers", nowhere, "log_level", 0, "enable.idempotence", true)
		t.P("%d", q.TestFatalError(kafka.ErrOutOfOrderSequenceNumber, ""))
		t.ErrT("fatal", q.GetFatalError())
		t.ErrT("an idempotent one does not", q.Produce(message("t", 0, "k", "v"), nil))
		p.Close()
		t.ErrT("closed", p.GetFatalError())
	})

	reg("texts.library", func(t *T) {
		n, s := kafka.LibraryVersion()
		t.P("%08x %s", n, s)
		f, err := os.CreateTemp("", "codes")
		t.Must("file", err)
		defer os.Remove(f.Name())
		kafka.WriteErrorCodes(f)
		text, err := os.ReadFile(f.Name())
		t.Must("read", err)
		t.P("%v lines, ErrTimedOut in it %v", strings.Count(string(text), "\n") > 100, strings.Contains(string(text), "ErrTimedOut"))
		t.P("%d %d %d", kafka.PartitionAny, kafka.PurgeInFlight|kafka.PurgeQueue, kafka.PurgeNonBlocking)
	})

	reg("texts.uuid_and_group_metadata", func(t *T) {
		u := kafka.UUID{}
		t.P("%q %d %d", u, u.GetMostSignificantBits(), u.GetLeastSignificantBits())
		topic := t.Topic("topic", 1)
		ctx, cancel := ctxSec(20)
		defer cancel()
		for range 2 {
			res, err := t.Adm().DescribeTopics(ctx, topicsOf(topic))
			t.Must("describe", err)
			id := res.TopicDescriptions[0].TopicID
			t.P("set %v, length %d, the same %v, comparable %v", id.GetMostSignificantBits() != 0 || id.GetLeastSignificantBits() != 0, len(id.String()), u == kafka.UUID{} || u.String() == id.String(), id == res.TopicDescriptions[0].TopicID)
			u = id
		}
		for _, g := range []string{"g", "", "with space"} {
			m, err := kafka.NewTestConsumerGroupMetadata(g)
			t.ErrT(g, err)
			t.P("nil %v", m == nil)
		}
	})

	reg("texts.clients", func(t *T) {
		p := t.Producer("bootstrap.servers", nowhere, "log_level", 0, "client.id", "a b")
		c := t.Consumer("g", "bootstrap.servers", nowhere, "log_level", 0)
		t.P("%s %v", p, c)
		t.P("%v", fmt.Sprint(p) == p.String())
		_, err := kafka.NewProducer(&kafka.ConfigMap{"no.such": 1})
		t.ErrT("none", err)
	})

	reg("texts.map_to_entries", func(t *T) {
		es := kafka.StringMapToConfigEntries(nil, kafka.AlterOperationSet)
		t.P("%v %v", es, es == nil)
		es = kafka.StringMapToIncrementalConfigEntries(map[string]string{"a": "1", "b": "2", "c": ""}, map[string]kafka.AlterConfigOpType{"a": kafka.AlterConfigOpTypeDelete, "d": kafka.AlterConfigOpTypeSet})
		sort.Slice(es, func(i, j int) bool { return es[i].Name < es[j].Name })
		for _, e := range es {
			t.P("%s %s %d %d %s", e.Name, e.Value, e.Operation, e.IncrementalOperation, e)
		}
	})
}
