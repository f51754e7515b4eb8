package main

import (
	"context"
	"fmt"
	"time"

	"github.com/confluentinc/confluent-kafka-go/v2/kafka"
)

// panics writes what f does, and that it panicked if it did.
func (t *T) panics(label string, f func()) {
	defer func() {
		if recover() != nil {
			t.P("%s: panics", label)
		}
	}()
	f()
}

// node shows a node without its port.
func node(n *kafka.Node) string {
	if n == nil {
		return "nil"
	}
	return fmt.Sprintf("id known %v host %s port set %v rack %s", n.ID >= 0, n.Host, n.Port > 0, strp(n.Rack))
}

func topicsOf(names ...string) kafka.TopicCollection {
	return kafka.NewTopicCollectionOfTopicNames(names)
}

func init() {
	one := func(s kafka.TopicSpecification) []kafka.TopicSpecification { return []kafka.TopicSpecification{s} }

	reg("topics.create_local_checks", func(t *T) {
		a := t.Admin("bootstrap.servers", nowhere, "log_level", 0)
		ctx, cancel := ctxSec(5)
		defer cancel()
		for _, c := range []struct {
			label string
			s     kafka.TopicSpecification
		}{{"partitions -2", kafka.TopicSpecification{Topic: "t", NumPartitions: -2}}, {"partitions 100001", kafka.TopicSpecification{Topic: "t", NumPartitions: 100001}},
			{"no topic", kafka.TopicSpecification{NumPartitions: 1}}, {"factor -2", kafka.TopicSpecification{Topic: "t", NumPartitions: 1, ReplicationFactor: -2}},
			{"factor 10001", kafka.TopicSpecification{Topic: "t", NumPartitions: 1, ReplicationFactor: 10001}},
			{"factor and assignment", kafka.TopicSpecification{Topic: "t", NumPartitions: 1, ReplicationFactor: 1, ReplicaAssignment: [][]int32{{0}}}},
			{"factor -1 and assignment of another size", kafka.TopicSpecification{Topic: "t", NumPartitions: 1, ReplicationFactor: -1, ReplicaAssignment: [][]int32{{0}, {0}}}},
			{"assignment of another size", kafka.TopicSpecification{Topic: "t", NumPartitions: 3, ReplicaAssignment: [][]int32{{0}}}},
			{"assignment with partitions -1", kafka.TopicSpecification{Topic: "t", NumPartitions: -1, ReplicaAssignment: [][]int32{{0}}}},
			{"empty assignment", kafka.TopicSpecification{Topic: "t", NumPartitions: 1, ReplicaAssignment: [][]int32{}}},
			{"replica twice", kafka.TopicSpecification{Topic: "t", NumPartitions: 1, ReplicaAssignment: [][]int32{{0, 0}}}},
			{"replica -1", kafka.TopicSpecification{Topic: "t", NumPartitions: 1, ReplicaAssignment: [][]int32{{-1}}}}} {
			rs, err := a.CreateTopics(ctx, one(c.s), kafka.SetAdminRequestTimeout(200*time.Millisecond))
			t.results(c.label, rs, err)
		}
	})

	reg("topics.create_broker_checks", func(t *T) {
		a := t.Admin()
		ctx, cancel := ctxSec(40)
		defer cancel()
		md, err := a.GetMetadata(nil, true, 10000)
		t.Must("metadata", err)
		id := md.Brokers[0].ID
		for _, c := range []struct {
			label string
			s     kafka.TopicSpecification
		}{{"defaults", kafka.TopicSpecification{Topic: t.AutoTopic("defaults"), NumPartitions: -1}}, {"factor -1", kafka.TopicSpecification{Topic: t.AutoTopic("factor"), NumPartitions: 1, ReplicationFactor: -1}},
			{"assignment", kafka.TopicSpecification{Topic: t.AutoTopic("assigned"), NumPartitions: 2, ReplicaAssignment: [][]int32{{id}, {id}}}},
			{"assignment to no broker", kafka.TopicSpecification{Topic: t.Name("nobody"), NumPartitions: 1, ReplicaAssignment: [][]int32{{77}}}},
			{"assignment to one broker twice", kafka.TopicSpecification{Topic: t.Name("double"), NumPartitions: 1, ReplicaAssignment: [][]int32{{id, id}}}},
			{"name of dots", kafka.TopicSpecification{Topic: "..", NumPartitions: 1}}, {"empty config key", kafka.TopicSpecification{Topic: t.Name("key"), NumPartitions: 1, Config: map[string]string{"": "1"}}},
			{"empty config value", kafka.TopicSpecification{Topic: t.Name("value"), NumPartitions: 1, Config: map[string]string{"retention.ms": ""}}},
			{"config out of range", kafka.TopicSpecification{Topic: t.Name("range"), NumPartitions: 1, Config: map[string]string{"retention.ms": "-2"}}},
			{"empty assignment", kafka.TopicSpecification{Topic: t.AutoTopic("emptied"), NumPartitions: 0, ReplicaAssignment: [][]int32{}}}} {
			rs, err := a.CreateTopics(ctx, one(c.s))
			t.results(c.label, rs, err)
		}
	})

	reg("topics.two_and_no_name", func(t *T) {
		a := t.Admin()
		ctx, cancel := ctxSec(40)
		defer cancel()
		x, y := t.AutoTopic("x"), t.AutoTopic("y")
		sx, sy := kafka.TopicSpecification{Topic: x, NumPartitions: 1}, kafka.TopicSpecification{Topic: y, NumPartitions: 1}
		rs, err := a.CreateTopics(ctx, []kafka.TopicSpecification{sx, sy})
		t.results("create each once", rs, err)
		rs, err = a.DeleteTopics(ctx, []string{""})
		t.results("delete an empty name", rs, err)
	})

	reg("topics.results_in_order", func(t *T) {
		a := t.Admin()
		ctx, cancel := ctxSec(40)
		defer cancel()
		var specs []kafka.TopicSpecification
		var names []string
		for _, l := range []string{"zz", "mm", "aa", "kk"} {
			n := t.AutoTopic(l)
			names = append(names, n)
			specs = append(specs, kafka.TopicSpecification{Topic: n, NumPartitions: 1})
		}
		specs[2].ReplicationFactor = 7
		rs, err := a.CreateTopics(ctx, specs)
		t.results("create", rs, err)
		rs, err = a.DeleteTopics(ctx, names)
		t.results("delete", rs, err)
	})

	reg("topics.partitions_local_checks", func(t *T) {
		a := t.Admin("bootstrap.servers", nowhere, "log_level", 0)
		ctx, cancel := ctxSec(5)
		defer cancel()
		for _, c := range []struct {
			label string
			s     kafka.PartitionsSpecification
		}{{"no topic", kafka.PartitionsSpecification{IncreaseTo: 3}}, {"zero", kafka.PartitionsSpecification{Topic: "t"}}, {"negative", kafka.PartitionsSpecification{Topic: "t", IncreaseTo: -1}},
			{"100001", kafka.PartitionsSpecification{Topic: "t", IncreaseTo: 100001}}, {"replica twice", kafka.PartitionsSpecification{Topic: "t", IncreaseTo: 2, ReplicaAssignment: [][]int32{{1, 1}}}},
			{"good", kafka.PartitionsSpecification{Topic: "t", IncreaseTo: 2}}} {
			rs, err := a.CreatePartitions(ctx, []kafka.PartitionsSpecification{c.s}, kafka.SetAdminRequestTimeout(200*time.Millisecond))
			t.results(c.label, rs, err)
		}
	})

	reg("topics.delete_then_use", func(t *T) {
		n := t.Topic("topic", 1)
		a := t.Admin()
		ctx, cancel := ctxSec(40)
		defer cancel()
		rs, err := a.DeleteTopics(ctx, []string{n}, kafka.SetAdminOperationTimeout(20*time.Second))
		t.results("delete", rs, err)
		rs, err = a.DeleteTopics(ctx, []string{n})
		t.results("delete again", rs, err)
		ps, err := a.CreatePartitions(ctx, []kafka.PartitionsSpecification{{Topic: n, IncreaseTo: 3}})
		t.results("partitions", ps, err)
		d, err := a.DescribeTopics(ctx, topicsOf(n))
		t.ErrT("describe", err)
		for _, d := range d.TopicDescriptions {
			t.P("%s %s", d.Name, kef(d.Error))
			t.Text("%s", d.Error)
		}
	})

	reg("topics.describe_lists", func(t *T) {
		a := t.Admin()
		ctx, cancel := ctxSec(30)
		defer cancel()
		n := t.Topic("topic", 1)
		show := func(label string, c kafka.TopicCollection) {
			res, err := a.DescribeTopics(ctx, c)
			t.ErrT(label, err)
			t.P("%s: nil %v", label, res.TopicDescriptions == nil)
			for _, d := range res.TopicDescriptions {
				t.P("%s: %q %s partitions %d nil %v", label, d.Name, kef(d.Error), len(d.Partitions), d.Partitions == nil)
				t.Text("%s: %s", label, d.Error)
				t.P("%s: an id %v", label, d.TopicID != kafka.UUID{} && d.TopicID.String() != "")
			}
		}
		show("zero value", kafka.TopicCollection{})
		show("nil", kafka.NewTopicCollectionOfTopicNames(nil))
		show("empty", kafka.NewTopicCollectionOfTopicNames([]string{}))
		show("empty name", topicsOf(n, ""))
		show("twice", topicsOf(n, n))
		show("bad name", topicsOf("bad name!"))
		show("order", topicsOf(t.Name("zz"), n, t.Name("aa")))
	})

	reg("topics.describe_fields", func(t *T) {
		a := t.Admin()
		ctx, cancel := ctxSec(30)
		defer cancel()
		n := t.Topic("topic", 3)
		res, err := a.DescribeTopics(ctx, topicsOf(n), kafka.SetAdminOptionIncludeAuthorizedOperations(true), kafka.SetAdminRequestTimeout(10*time.Second))
		t.Must("describe", err)
		for _, d := range res.TopicDescriptions {
			t.Text("%q", d.Error.String())
			for _, p := range d.Partitions {
				t.P("partition %d leader %s", p.Partition, node(p.Leader))
				for i := range p.Replicas {
					t.P("  replica %s", node(&p.Replicas[i]))
				}
				for i := range p.Isr {
					t.P("  in sync %s", node(&p.Isr[i]))
				}
			}
		}
		res, err = a.DescribeTopics(ctx, topicsOf(n), kafka.SetAdminOptionIncludeAuthorizedOperations(false))
		t.Must("describe", err)
		t.P("%s", ops(res.TopicDescriptions[0].AuthorizedOperations))
		c, err := a.DescribeCluster(ctx)
		t.Must("cluster", err)
		t.P("controller %s", node(c.Controller))
		for i := range c.Nodes {
			t.P("node %s", node(&c.Nodes[i]))
		}
		t.P("operations %s, same id twice: %v", ops(c.AuthorizedOperations), c.ClusterID != nil && func() bool { id, err := a.ClusterID(ctx); return err == nil && id == *c.ClusterID }())
		id, err := a.ControllerID(ctx)
		t.P("controller the same %v %s", int(id) == c.Controller.ID, ef(err))
	})

	reg("topics.without_rights", func(t *T) {
		n := t.Topic("topic", 1)
		a := t.Admin(withSASL("PLAIN", "testuser", "testpass")...)
		// The broker lets users do what no ACL is about: an ACL takes that away.
		deny := kafka.ACLBinding{Type: kafka.ResourceTopic, Name: n, ResourcePatternType: kafka.ResourcePatternTypeLiteral, Principal: "User:testuser", Host: "*", Operation: kafka.ACLOperationAll, PermissionType: kafka.ACLPermissionTypeDeny}
		ctx, cancel := ctxSec(50)
		defer cancel()
		cs, err := t.Adm().CreateACLs(ctx, kafka.ACLBindings{deny})
		t.Must("ACL", err)
		t.P("%s", kef(cs[0].Error))
		t.Later(func() { _, _ = t.Adm().DeleteACLs(context.Background(), kafka.ACLBindingFilters{deny}) })
		waitFor(15*time.Second, func() bool {
			md, err := a.GetMetadata(&n, false, 5000)
			return err == nil && md.Topics[n].Error.Code() == kafka.ErrTopicAuthorizationFailed
		})
		rs, err := a.CreatePartitions(ctx, []kafka.PartitionsSpecification{{Topic: n, IncreaseTo: 3}})
		t.results("partitions", rs, err)
		d, err := a.DescribeTopics(ctx, topicsOf(n), kafka.SetAdminOptionIncludeAuthorizedOperations(true))
		t.ErrT("describe", err)
		for _, d := range d.TopicDescriptions {
			t.P("%s %s %s", d.Name, kef(d.Error), ops(d.AuthorizedOperations))
			t.Text("%s", d.Error)
		}
		cr, err := a.DescribeConfigs(ctx, []kafka.ConfigResource{{Type: kafka.ResourceTopic, Name: n}})
		t.configs("configs", cr, err)
		cr, err = a.IncrementalAlterConfigs(ctx, []kafka.ConfigResource{{Type: kafka.ResourceTopic, Name: n, Config: []kafka.ConfigEntry{{Name: "retention.ms", Value: "5000"}}}})
		t.configs("alter configs", cr, err)
		dr, err := a.DeleteRecords(ctx, []kafka.TopicPartition{tpo(n, 0, 0)})
		t.ErrT("records", err)
		for _, r := range dr.DeleteRecordsResults {
			t.P("%s low set %v", tpf(r.TopicPartition), r.DeletedRecords != nil)
		}
		lo, err := a.ListOffsets(ctx, map[kafka.TopicPartition]kafka.OffsetSpec{tp(n, 0): kafka.LatestOffsetSpec})
		t.offsets("offsets", lo, err)
		other := t.Topic("other", 1)
		lo, err = a.ListOffsets(ctx, map[kafka.TopicPartition]kafka.OffsetSpec{tp(n, 0): kafka.LatestOffsetSpec, tp(other, 0): kafka.LatestOffsetSpec})
		t.offsets("offsets of two", lo, err)
		dr, err = a.DeleteRecords(ctx, []kafka.TopicPartition{tpo(n, 0, 0), tpo(other, 0, 0)})
		t.ErrT("records of two", err)
		for _, r := range dr.DeleteRecordsResults {
			t.P("%s low set %v", tpf(r.TopicPartition), r.DeletedRecords != nil)
		}
		_, err = a.AlterUserScramCredentials(ctx, nil, []kafka.UserScramCredentialDeletion{{User: "x", Mechanism: kafka.ScramMechanismSHA256}})
		t.ErrT("scram", err)
		el, err := a.ElectLeaders(ctx, kafka.NewElectLeadersRequest(kafka.ElectionTypePreferred, []kafka.TopicPartition{tp(n, 0)}))
		t.ErrT("elect", err)
		t.P("elect %s", tpsf(el.TopicPartitions))
		_, err = a.DescribeACLs(ctx, deny)
		t.ErrT("describe ACLs", err)
		ca, err := a.CreateACLs(ctx, kafka.ACLBindings{deny})
		t.ErrT("create ACLs", err)
		for _, r := range ca {
			t.P("create ACLs %s", kef(r.Error))
			t.Text("create ACLs %s", r.Error)
		}
		da, err := a.DeleteACLs(ctx, kafka.ACLBindingFilters{deny})
		t.ErrT("delete ACLs", err)
		for _, r := range da {
			t.P("delete ACLs %s %d", kef(r.Error), len(r.ACLBindings))
			t.Text("delete ACLs %s", r.Error)
		}
	})
}
