package main

import (
	"sort"
	"time"

	"github.com/confluentinc/confluent-kafka-go/v2/kafka"
)

func (t *T) topicResults(label string, rs []kafka.TopicResult, err error) {
	t.ErrT(label, err)
	for _, r := range rs {
		t.P("  %s %s", r.Topic, kef(r.Error))
		t.Text("  %s", r.Error.Error())
	}
}

func init() {
	reg("items.create_topics", func(t *T) {
		a := t.Admin()
		ctx, cancel := ctxSec(30)
		defer cancel()
		x, y := t.AutoTopic("x"), t.AutoTopic("y")
		for _, specs := range [][]kafka.TopicSpecification{
			{{Topic: x, NumPartitions: 2, ReplicationFactor: 1}, {Topic: "a b", NumPartitions: 1}},
			{{Topic: x, NumPartitions: 1, ReplicationFactor: 1}},
			{{Topic: y, NumPartitions: 1, ReplicationFactor: 9}},
			{{Topic: y, NumPartitions: 1, Config: map[string]string{"retention.ms": "x"}}},
			{{Topic: y, NumPartitions: 1, Config: map[string]string{"no.such": "x"}}},
			{{Topic: y, NumPartitions: 2, ReplicaAssignment: [][]int32{{99}, {99}}}},
			{{Topic: y, NumPartitions: 2, ReplicaAssignment: [][]int32{{1}}}},
			{{Topic: y, NumPartitions: 1, ReplicationFactor: 1, ReplicaAssignment: [][]int32{{1}}}},
			{{Topic: y, NumPartitions: 0, ReplicationFactor: 1}},
			{{Topic: y, NumPartitions: -1}},
		} {
			rs, err := a.CreateTopics(ctx, specs, kafka.SetAdminOperationTimeout(10*time.Second))
			t.topicResults("create", rs, err)
		}
		rs, err := a.DeleteTopics(ctx, []string{x, y, t.Name("missing"), "a b", x})
		t.topicResults("delete", rs, err)
	})
	reg("items.create_partitions", func(t *T) {
		a := t.Admin()
		ctx, cancel := ctxSec(30)
		defer cancel()
		x := t.Topic("x", 2)
		for _, specs := range [][]kafka.PartitionsSpecification{
			{{Topic: x, IncreaseTo: 3}}, {{Topic: x, IncreaseTo: 3}}, {{Topic: x, IncreaseTo: 1}}, {{Topic: t.Name("missing"), IncreaseTo: 3}}, {{Topic: x, IncreaseTo: 0}},
			{{Topic: x, IncreaseTo: 4, ReplicaAssignment: [][]int32{{99}}}}, {{Topic: x, IncreaseTo: 4, ReplicaAssignment: [][]int32{{1}, {1}}}},
		} {
			rs, err := a.CreatePartitions(ctx, specs)
			t.topicResults("create", rs, err)
		}
		rs, err := a.CreatePartitions(ctx, []kafka.PartitionsSpecification{{Topic: x, IncreaseTo: 9}}, kafka.SetAdminValidateOnly(true))
		t.topicResults("validate", rs, err)
		t.WaitTopic(x, 3)
	})
	reg("items.delete_records", func(t *T) {
		a := t.Admin()
		ctx, cancel := ctxSec(30)
		defer cancel()
		x := t.Topic("x", 2)
		t.Fill(x, 0, 5, "v")
		for _, l := range [][]kafka.TopicPartition{{tpo(x, 0, 2)}, {tpo(x, 0, 99)}, {tpo(x, 0, kafka.OffsetEnd)}, {tpo(x, 9, 1)}, {tpo(t.Name("missing"), 0, 1)}, {tpo(x, 0, -5)}, {tpo(x, 1, 0), tpo(x, 0, 3)}} {
			rs, err := a.DeleteRecords(ctx, l, kafka.SetAdminRequestTimeout(5*time.Second))
			t.ErrT(tpsf(l), err)
			for _, r := range rs.DeleteRecordsResults {
				low := int64(-7)
				if r.DeletedRecords != nil {
					low = int64(r.DeletedRecords.LowWatermark)
				}
				t.P("  %s low %d", tpf(r.TopicPartition), low)
			}
		}
	})
	reg("items.groups", func(t *T) {
		a := t.Admin()
		ctx, cancel := ctxSec(30)
		defer cancel()
		topic, group, none := t.Topic("topic", 2), t.Name("group"), t.Name("none")
		c := t.Consumer(group, "client.id", "me", "group.instance.id", "")
		t.Must("subscribe", c.Subscribe(topic, nil))
		t.P("assigned %v", awaitAssigned(c, 2))
		res, err := a.DescribeConsumerGroups(ctx, []string{group, none, group + "x"})
		t.ErrT("describe", err)
		for _, g := range res.ConsumerGroupDescriptions {
			t.P("%s error %s simple %v assignor %q state %v type %v members %d operations %d", g.GroupID, kef(g.Error), g.IsSimpleConsumerGroup, g.PartitionAssignor, g.State, g.Type, len(g.Members), len(g.AuthorizedOperations))
			for _, m := range g.Members {
				t.P("  %q instance %q host %v assignment %s", m.ClientID, m.GroupInstanceID, m.Host != "", tpsf(m.Assignment.TopicPartitions))
			}
		}
		del, err := a.DeleteConsumerGroups(ctx, []string{group, none})
		t.ErrT("delete", err)
		for _, r := range del.ConsumerGroupResults {
			t.P("  %s %s", r.Group, kef(r.Error))
			t.Text("  %s", r)
		}
		t.Must("close", c.Close())
		alt, err := a.AlterConsumerGroupOffsets(ctx, []kafka.ConsumerGroupTopicPartitions{{Group: group, Partitions: []kafka.TopicPartition{tpo(topic, 0, 5), tpo(topic, 9, 5)}}})
		t.ErrT("alter", err)
		for _, g := range alt.ConsumerGroupsTopicPartitions {
			t.P("  %s %s", g.Group, tpsf(g.Partitions))
		}
		for _, ps := range [][]kafka.TopicPartition{nil, {tp(topic, 0), tp(topic, 1)}, {tp(topic, 9)}} {
			lst, err := a.ListConsumerGroupOffsets(ctx, []kafka.ConsumerGroupTopicPartitions{{Group: group, Partitions: ps}})
			t.ErrT("list", err)
			for _, g := range lst.ConsumerGroupsTopicPartitions {
				t.P("  %s %s", g.Group, tpsf(g.Partitions))
			}
		}
	})
	reg("items.list_offsets", func(t *T) {
		a := t.Admin()
		ctx, cancel := ctxSec(30)
		defer cancel()
		x := t.Topic("x", 2)
		for i := range 3 {
			t.Send(&kafka.Message{TopicPartition: tp(x, 0), Value: []byte("v"), Timestamp: time.UnixMilli(int64(1700000000000 + (2-i)*1000))})
		}
		for _, s := range []kafka.OffsetSpec{kafka.EarliestOffsetSpec, kafka.LatestOffsetSpec, kafka.MaxTimestampOffsetSpec, kafka.NewOffsetSpecForTimestamp(1700000001000), kafka.NewOffsetSpecForTimestamp(4000000000000)} {
			res, err := a.ListOffsets(ctx, map[kafka.TopicPartition]kafka.OffsetSpec{tp(x, 0): s, tp(x, 1): s, tp(x, 9): s})
			t.ErrT("list", err)
			var ls []string
			for p, r := range res.ResultInfos {
				ls = append(ls, tpf(p)+" "+kafka.Offset(r.Offset).String()+" "+kef(r.Error)+" epoch "+i32p(r.LeaderEpoch)+" time "+time.UnixMilli(r.Timestamp).UTC().String())
			}
			sort.Strings(ls)
			for _, l := range ls {
				t.P("  %s", l)
			}
		}
	})
	reg("items.configs", func(t *T) {
		a := t.Admin()
		ctx, cancel := ctxSec(30)
		defer cancel()
		x := t.Topic("x", 1, "retention.ms", "12345")
		show := func(label string, rs []kafka.ConfigResourceResult, err error) {
			t.ErrT(label, err)
			for _, r := range rs {
				t.P("  %v %s %s entries %v", r.Type, r.Name, kef(r.Error), len(r.Config) > 0)
				t.Text("  %s", r.Error.String())
				for _, k := range []string{"retention.ms", "cleanup.policy", "segment.bytes"} {
					if e, ok := r.Config[k]; ok {
						t.P("    %s=%s source %v read-only %v sensitive %v synonyms %d", e.Name, e.Value, e.Source, e.IsReadOnly, e.IsSensitive, len(e.Synonyms))
					}
				}
			}
		}
		res := kafka.ConfigResource{Type: kafka.ResourceTopic, Name: x}
		rs, err := a.DescribeConfigs(ctx, []kafka.ConfigResource{res, {Type: kafka.ResourceTopic, Name: t.Name("missing")}})
		show("describe", rs, err)
		for _, e := range []kafka.ConfigEntry{{Name: "cleanup.policy", Value: "compact"}, {Name: "cleanup.policy", Value: "x"}, {Name: "no.such", Value: "x"}, {Name: "segment.bytes", Value: ""}} {
			rs, err = a.IncrementalAlterConfigs(ctx, []kafka.ConfigResource{{Type: kafka.ResourceTopic, Name: x, Config: kafka.StringMapToIncrementalConfigEntries(map[string]string{e.Name: e.Value}, map[string]kafka.AlterConfigOpType{e.Name: kafka.AlterConfigOpTypeSet})}})
			show("alter "+e.Name+"="+e.Value, rs, err)
		}
		rs, err = a.DescribeConfigs(ctx, []kafka.ConfigResource{res})
		show("describe", rs, err)
	})
}
