package main

import (
	"fmt"
	"sort"
	"time"

	"github.com/confluentinc/confluent-kafka-go/v2/kafka"
)

// configs shows the results of a call about configurations, without the entries.
func (t *T) configs(label string, rs []kafka.ConfigResourceResult, err error) {
	t.ErrT(label, err)
	for _, r := range rs {
		t.P("%s: %s %s %s entries %v", label, r.Type, r.Name, kef(r.Error), len(r.Config) > 0)
		if r.Error.Code() != kafka.ErrNoError {
			t.Text("%s: %s", label, r.Error)
		}
	}
}

func resource(name string, kv ...string) kafka.ConfigResource {
	r := kafka.ConfigResource{Type: kafka.ResourceTopic, Name: name}
	for i := 0; i+1 < len(kv); i += 2 {
		r.Config = append(r.Config, kafka.ConfigEntry{Name: kv[i], Value: kv[i+1]})
	}
	return r
}

func init() {
	reg("configs.alter_replaces", func(t *T) {
		a := t.Admin()
		ctx, cancel := ctxSec(40)
		defer cancel()
		n := t.Topic("topic", 1, "retention.ms", "60000", "max.message.bytes", "5000")
		show := func(label string) {
			rs, err := a.DescribeConfigs(ctx, []kafka.ConfigResource{resource(n)})
			t.Must("describe", err)
			for _, k := range []string{"retention.ms", "max.message.bytes", "segment.ms"} {
				e := rs[0].Config[k]
				t.P("%s: %s=%s %s default %v", label, k, e.Value, e.Source, e.IsDefault)
			}
		}
		show("first")
		rs, err := a.AlterConfigs(ctx, []kafka.ConfigResource{resource(n, "segment.ms", "70000")})
		t.configs("alter", rs, err)
		time.Sleep(300 * time.Millisecond)
		show("altered")
		rs, err = a.AlterConfigs(ctx, []kafka.ConfigResource{resource(n, "segment.ms", "80000")}, kafka.SetAdminValidateOnly(true))
		t.configs("validate only", rs, err)
		rs, err = a.AlterConfigs(ctx, []kafka.ConfigResource{resource(n, "segment.ms", "soon")}, kafka.SetAdminValidateOnly(true))
		t.configs("validate a bad one", rs, err)
		rs, err = a.AlterConfigs(ctx, []kafka.ConfigResource{resource(n, "", "1")})
		t.configs("no name", rs, err)
		rs, err = a.AlterConfigs(ctx, []kafka.ConfigResource{resource(n, "segment.ms", "1000", "segment.ms", "2000")})
		t.configs("twice", rs, err)
		rs, err = a.AlterConfigs(ctx, []kafka.ConfigResource{resource(n)})
		t.configs("no entries", rs, err)
		time.Sleep(300 * time.Millisecond)
		show("in the end")
	})

	reg("configs.resources_of_a_call", func(t *T) {
		a := t.Admin()
		ctx, cancel := ctxSec(40)
		defer cancel()
		x, y := t.Topic("x", 1), t.Topic("y", 1)
		rs, err := a.DescribeConfigs(ctx, []kafka.ConfigResource{resource(y), resource(x), resource(t.Name("none"))})
		t.configs("three", rs, err)
		rs, err = a.IncrementalAlterConfigs(ctx, []kafka.ConfigResource{resource(x, "retention.ms", "1000"), resource(x, "retention.ms", "2000")})
		t.configs("alter the same twice", rs, err)
		rs, err = a.IncrementalAlterConfigs(ctx, []kafka.ConfigResource{resource(y, "retention.ms", "1000"), resource(t.Name("none"), "retention.ms", "2000"), resource(x, "retention.ms", "bad")})
		t.configs("one good of three", rs, err)
		rs, err = a.IncrementalAlterConfigs(ctx, []kafka.ConfigResource{resource(y, "retention.ms", "1000")}, kafka.SetAdminValidateOnly(true), kafka.SetAdminRequestTimeout(5*time.Second))
		t.configs("validate only", rs, err)
	})

	reg("configs.the_same_twice", func(t *T) {
		x := t.Topic("x", 1)
		two := []kafka.ConfigResource{resource(x, "retention.ms", "1000"), resource(x, "retention.ms", "2000")}
		for _, f := range []func(a *kafka.AdminClient){func(a *kafka.AdminClient) {
			ctx, cancel := ctxSec(5)
			defer cancel()
			rs, err := a.DescribeConfigs(ctx, []kafka.ConfigResource{resource(x), resource(x)})
			t.configs("describe", rs, err)
		}, func(a *kafka.AdminClient) {
			ctx, cancel := ctxSec(5)
			defer cancel()
			rs, err := a.AlterConfigs(ctx, two)
			t.configs("replace", rs, err)
		}} {
			f(t.Admin())
		}
	})

	reg("configs.asked_entries", func(t *T) {
		a := t.Admin()
		ctx, cancel := ctxSec(40)
		defer cancel()
		n := t.Topic("topic", 1, "retention.ms", "60000")
		rs, err := a.DescribeConfigs(ctx, []kafka.ConfigResource{resource(n, "retention.ms", "", "no.such", "")})
		t.Must("describe", err)
		for _, r := range rs {
			var ks []string
			for k := range r.Config {
				ks = append(ks, k)
			}
			sort.Strings(ks)
			t.P("more than two: %v", len(ks) > 2)
		}
	})

	reg("configs.synonyms", func(t *T) {
		a := t.Admin()
		ctx, cancel := ctxSec(40)
		defer cancel()
		n := t.Topic("topic", 1, "retention.ms", "60000", "max.message.bytes", "5000")
		rs, err := a.DescribeConfigs(ctx, []kafka.ConfigResource{resource(n)})
		t.Must("describe", err)
		for _, k := range []string{"retention.ms", "max.message.bytes", "flush.ms", "cleanup.policy", "follower.replication.throttled.replicas"} {
			e := rs[0].Config[k]
			t.P("%s=%q nil synonyms %v", k, e.Value, e.Synonyms == nil)
			var ls []string
			for sk, s := range e.Synonyms {
				ls = append(ls, fmt.Sprintf("  %s: %s=%q %s readonly %v default %v sensitive %v synonym %v nil %v", sk, s.Name, s.Value, s.Source, s.IsReadOnly, s.IsDefault, s.IsSensitive, s.IsSynonym, s.Synonyms == nil))
			}
			sort.Strings(ls)
			for _, l := range ls {
				t.P("%s", l)
			}
			t.Text("%s", e)
		}
		t.Text("%s", kafka.ConfigResourceResult{Type: rs[0].Type, Name: "n", Error: rs[0].Error, Config: map[string]kafka.ConfigEntryResult{"retention.ms": rs[0].Config["retention.ms"]}})
	})

	reg("configs.broker", func(t *T) {
		a := t.Admin()
		ctx, cancel := ctxSec(40)
		defer cancel()
		md, err := a.GetMetadata(nil, true, 10000)
		t.Must("metadata", err)
		id := fmt.Sprint(md.Brokers[0].ID)
		t.Hide("ResourceBroker "+id, "broker")
		b := kafka.ConfigResource{Type: kafka.ResourceBroker, Name: id}
		rs, err := a.DescribeConfigs(ctx, []kafka.ConfigResource{b})
		t.ErrT("describe", err)
		for _, r := range rs {
			t.P("%s %s many %v", r.Type, kef(r.Error), len(r.Config) > 100)
			for _, k := range []string{"advertised.listeners", "log.retention.hours", "ssl.keystore.password", "message.max.bytes"} {
				e := r.Config[k]
				t.P("%s %s readonly %v default %v sensitive %v value set %v", e.Name, e.Source, e.IsReadOnly, e.IsDefault, e.IsSensitive, e.Value != "")
			}
		}
		rs, err = a.DescribeConfigs(ctx, []kafka.ConfigResource{b, resource(t.Name("none"))})
		t.ErrT("broker and topic", err)
		t.P("%d", len(rs))
		rs, err = a.DescribeConfigs(ctx, []kafka.ConfigResource{b, b})
		t.ErrT("broker twice", err)
		t.P("%d", len(rs))
		b.Config = []kafka.ConfigEntry{{Name: "broker.id", Value: "7"}}
		rs, err = a.IncrementalAlterConfigs(ctx, []kafka.ConfigResource{b})
		t.ErrT("alter what is read-only", err)
		for _, r := range rs {
			t.P("%s", kef(r.Error))
		}
		all := kafka.ConfigResource{Type: kafka.ResourceBroker, Config: []kafka.ConfigEntry{{Name: "background.threads", Value: "many"}}}
		rs, err = a.IncrementalAlterConfigs(ctx, []kafka.ConfigResource{all}, kafka.SetAdminRequestTimeout(2*time.Second))
		t.ErrT("all brokers", err)
		for _, r := range rs {
			t.P("%q %s", r.Name, kef(r.Error))
		}
		rs, err = a.DescribeConfigs(ctx, []kafka.ConfigResource{{Type: kafka.ResourceBroker}}, kafka.SetAdminRequestTimeout(2*time.Second))
		t.ErrT("describe all brokers", err)
		t.P("%d", len(rs))
	})

	reg("configs.kinds", func(t *T) {
		a := t.Admin()
		ctx, cancel := ctxSec(40)
		defer cancel()
		n := t.Name("x")
		for _, k := range []kafka.ResourceType{kafka.ResourceGroup, kafka.ResourceType(-1)} {
			rs, err := a.DescribeConfigs(ctx, []kafka.ConfigResource{{Type: k, Name: n}}, kafka.SetAdminRequestTimeout(3*time.Second))
			t.configs(fmt.Sprintf("describe %d", int(k)), rs, err)
			rs, err = a.IncrementalAlterConfigs(ctx, []kafka.ConfigResource{{Type: k, Name: n, Config: []kafka.ConfigEntry{{Name: "a", Value: "b"}}}}, kafka.SetAdminRequestTimeout(3*time.Second))
			t.configs(fmt.Sprintf("alter %d", int(k)), rs, err)
		}
	})

	reg("configs.kinds_without_configs", func(t *T) {
		a := t.Admin()
		ctx, cancel := ctxSec(40)
		defer cancel()
		for _, k := range []kafka.ResourceType{kafka.ResourceTransactionalID, kafka.ResourceAny, kafka.ResourceType(77)} {
			rs, err := a.DescribeConfigs(ctx, []kafka.ConfigResource{{Type: k, Name: "x"}}, kafka.SetAdminRequestTimeout(3*time.Second))
			t.configs(fmt.Sprintf("describe %d", int(k)), rs, err)
		}
	})

	reg("configs.operations", func(t *T) {
		a := t.Admin()
		ctx, cancel := ctxSec(40)
		defer cancel()
		n := t.Topic("topic", 1)
		alter := func(label string, es ...kafka.ConfigEntry) {
			rs, err := a.IncrementalAlterConfigs(ctx, []kafka.ConfigResource{{Type: kafka.ResourceTopic, Name: n, Config: es}})
			t.configs(label, rs, err)
		}
		alter("operation 9", kafka.ConfigEntry{Name: "retention.ms", Value: "1000", IncrementalOperation: 9})
		alter("operation -1", kafka.ConfigEntry{Name: "retention.ms", Value: "1000", IncrementalOperation: -1})
		alter("no name", kafka.ConfigEntry{Value: "1000"})
		alter("delete what is not set", kafka.ConfigEntry{Name: "retention.ms", IncrementalOperation: kafka.AlterConfigOpTypeDelete})
		alter("delete with a value", kafka.ConfigEntry{Name: "retention.ms", Value: "1000", IncrementalOperation: kafka.AlterConfigOpTypeDelete})
		alter("set to nothing", kafka.ConfigEntry{Name: "retention.ms"})
		alter("subtract what is not there", kafka.ConfigEntry{Name: "cleanup.policy", Value: "compact", IncrementalOperation: kafka.AlterConfigOpTypeSubtract})
		alter("the other operation is not looked at", kafka.ConfigEntry{Name: "retention.ms", Value: "1000", Operation: 5})
		t.panics("AlterConfigs operation 5", func() {
			r := resource(n)
			r.Config = []kafka.ConfigEntry{{Name: "retention.ms", Value: "1000", IncrementalOperation: kafka.AlterConfigOpTypeAppend}}
			rs, err := a.AlterConfigs(ctx, []kafka.ConfigResource{r})
			t.configs("AlterConfigs does not look at it", rs, err)
		})
		for i := -1; i < 5; i++ {
			t.Text("%s %s", kafka.AlterOperation(i), kafka.AlterConfigOpType(i))
		}
	})
}
