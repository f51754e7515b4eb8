package main

import (
	"context"
	"fmt"
	"time"

	"github.com/confluentinc/confluent-kafka-go/v2/kafka"
)

// adminCall is a call of an admin client that is good as far as can be seen without a broker.
type adminCall struct {
	name string
	f    func(ctx context.Context, a *kafka.AdminClient, timeout time.Duration) error
}

// adminCalls are all calls that wait for brokers.
func adminCalls(topic string) []adminCall {
	acl := kafka.ACLBinding{Type: kafka.ResourceTopic, Name: topic, ResourcePatternType: kafka.ResourcePatternTypeLiteral, Principal: "User:nobody", Host: "*", Operation: kafka.ACLOperationRead, PermissionType: kafka.ACLPermissionTypeDeny}
	rs := []kafka.ConfigResource{resource(topic, "retention.ms", "5000")}
	broker := []kafka.ConfigResource{{Type: kafka.ResourceBroker, Name: "1"}}
	group := []kafka.ConsumerGroupTopicPartitions{{Group: "g", Partitions: []kafka.TopicPartition{tpo(topic, 0, 1)}}}
	ask := kafka.SetAdminRequestTimeout
	return []adminCall{
		{"CreateTopics", func(ctx context.Context, a *kafka.AdminClient, d time.Duration) error {
			_, err := a.CreateTopics(ctx, []kafka.TopicSpecification{{Topic: topic, NumPartitions: 1}}, ask(d))
			return err
		}},
		{"DeleteTopics", func(ctx context.Context, a *kafka.AdminClient, d time.Duration) error {
			_, err := a.DeleteTopics(ctx, []string{topic}, ask(d))
			return err
		}},
		{"CreatePartitions", func(ctx context.Context, a *kafka.AdminClient, d time.Duration) error {
			_, err := a.CreatePartitions(ctx, []kafka.PartitionsSpecification{{Topic: topic, IncreaseTo: 2}}, ask(d))
			return err
		}},
		{"AlterConfigs", func(ctx context.Context, a *kafka.AdminClient, d time.Duration) error {
			_, err := a.AlterConfigs(ctx, rs, ask(d))
			return err
		}},
		{"IncrementalAlterConfigs", func(ctx context.Context, a *kafka.AdminClient, d time.Duration) error {
			_, err := a.IncrementalAlterConfigs(ctx, rs, ask(d))
			return err
		}},
		{"DescribeConfigs", func(ctx context.Context, a *kafka.AdminClient, d time.Duration) error {
			_, err := a.DescribeConfigs(ctx, rs, ask(d))
			return err
		}},
		{"DescribeConfigs of a broker", func(ctx context.Context, a *kafka.AdminClient, d time.Duration) error {
			_, err := a.DescribeConfigs(ctx, broker, ask(d))
			return err
		}},
		{"DescribeTopics", func(ctx context.Context, a *kafka.AdminClient, d time.Duration) error {
			_, err := a.DescribeTopics(ctx, topicsOf(topic), ask(d))
			return err
		}},
		{"DescribeCluster", func(ctx context.Context, a *kafka.AdminClient, d time.Duration) error {
			_, err := a.DescribeCluster(ctx, ask(d))
			return err
		}},
		{"ListConsumerGroups", func(ctx context.Context, a *kafka.AdminClient, d time.Duration) error {
			_, err := a.ListConsumerGroups(ctx, ask(d))
			return err
		}},
		{"DescribeConsumerGroups", func(ctx context.Context, a *kafka.AdminClient, d time.Duration) error {
			_, err := a.DescribeConsumerGroups(ctx, []string{"g"}, ask(d))
			return err
		}},
		{"DeleteConsumerGroups", func(ctx context.Context, a *kafka.AdminClient, d time.Duration) error {
			_, err := a.DeleteConsumerGroups(ctx, []string{"g"}, ask(d))
			return err
		}},
		{"ListConsumerGroupOffsets", func(ctx context.Context, a *kafka.AdminClient, d time.Duration) error {
			_, err := a.ListConsumerGroupOffsets(ctx, group, ask(d))
			return err
		}},
		{"AlterConsumerGroupOffsets", func(ctx context.Context, a *kafka.AdminClient, d time.Duration) error {
			_, err := a.AlterConsumerGroupOffsets(ctx, group, ask(d))
			return err
		}},
		{"ListOffsets", func(ctx context.Context, a *kafka.AdminClient, d time.Duration) error {
			_, err := a.ListOffsets(ctx, map[kafka.TopicPartition]kafka.OffsetSpec{tp(topic, 0): kafka.LatestOffsetSpec}, ask(d))
			return err
		}},
		{"DeleteRecords", func(ctx context.Context, a *kafka.AdminClient, d time.Duration) error {
			_, err := a.DeleteRecords(ctx, []kafka.TopicPartition{tpo(topic, 0, 0)}, ask(d))
			return err
		}},
		{"ElectLeaders", func(ctx context.Context, a *kafka.AdminClient, d time.Duration) error {
			_, err := a.ElectLeaders(ctx, kafka.NewElectLeadersRequest(kafka.ElectionTypePreferred, []kafka.TopicPartition{tp(topic, 0)}), ask(d))
			return err
		}},
		{"CreateACLs", func(ctx context.Context, a *kafka.AdminClient, d time.Duration) error {
			_, err := a.CreateACLs(ctx, kafka.ACLBindings{acl}, ask(d))
			return err
		}},
		{"DescribeACLs", func(ctx context.Context, a *kafka.AdminClient, d time.Duration) error {
			_, err := a.DescribeACLs(ctx, acl, ask(d))
			return err
		}},
		{"DeleteACLs", func(ctx context.Context, a *kafka.AdminClient, d time.Duration) error {
			_, err := a.DeleteACLs(ctx, kafka.ACLBindingFilters{acl}, ask(d))
			return err
		}},
		{"DescribeUserScramCredentials", func(ctx context.Context, a *kafka.AdminClient, d time.Duration) error {
			_, err := a.DescribeUserScramCredentials(ctx, []string{"u"}, ask(d))
			return err
		}},
		{"AlterUserScramCredentials", func(ctx context.Context, a *kafka.AdminClient, d time.Duration) error {
			_, err := a.AlterUserScramCredentials(ctx, nil, []kafka.UserScramCredentialDeletion{{User: "u", Mechanism: kafka.ScramMechanismSHA256}}, ask(d))
			return err
		}},
	}
}

func init() {
	reg("admincalls.cancelled_before", func(t *T) {
		a := t.Admin("bootstrap.servers", t.Silent(), "log_level", 0)
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		for _, c := range adminCalls("t") {
			t.ErrT(c.name, c.f(ctx, a, 5*time.Second))
		}
	})

	reg("admincalls.deadline", func(t *T) {
		a := t.Admin("bootstrap.servers", t.Silent(), "log_level", 0)
		begin := time.Now()
		defer func() { t.P("within 10 s: %v", time.Since(begin) < 10*time.Second) }()
		for _, c := range adminCalls("t") {
			ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
			t.ErrT(c.name, c.f(ctx, a, 20*time.Second))
			cancel()
		}
		ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
		defer cancel()
		_, err := a.ClusterID(ctx)
		t.ErrT("ClusterID", err)
		ctx, cancel = context.WithTimeout(context.Background(), 100*time.Millisecond)
		defer cancel()
		_, err = a.ControllerID(ctx)
		t.ErrT("ControllerID", err)
	})

	reg("admincalls.request_timeout", func(t *T) {
		a := t.Admin("bootstrap.servers", t.Silent(), "log_level", 0)
		begin := time.Now()
		defer func() { t.P("within 15 s: %v", time.Since(begin) < 15*time.Second) }()
		for _, c := range adminCalls("t") {
			ctx, cancel := ctxSec(20)
			t.ErrT(c.name, c.f(ctx, a, 200*time.Millisecond))
			cancel()
		}
	})

	reg("admincalls.unreachable", func(t *T) {
		a := t.Admin("bootstrap.servers", nowhere, "log_level", 0)
		for _, c := range adminCalls("t") {
			ctx, cancel := ctxSec(20)
			t.ErrT(c.name, c.f(ctx, a, 300*time.Millisecond))
			cancel()
		}
	})

	reg("admincalls.socket_timeout", func(t *T) {
		a := t.Admin("bootstrap.servers", nowhere, "log_level", 0, "socket.timeout.ms", 500)
		ctx, cancel := ctxSec(20)
		defer cancel()
		begin := time.Now()
		_, err := a.CreateTopics(ctx, []kafka.TopicSpecification{{Topic: "t", NumPartitions: 1}})
		t.ErrT("CreateTopics", err)
		_, err = a.DescribeCluster(ctx, nil)
		t.ErrT("DescribeCluster", err)
		_, err = a.ListOffsets(ctx, map[kafka.TopicPartition]kafka.OffsetSpec{tp("t", 0): kafka.LatestOffsetSpec})
		t.ErrT("ListOffsets", err)
		took := time.Since(begin)
		t.P("took 1.5 s to 6 s: %v", took >= 1500*time.Millisecond && took < 6*time.Second)
	})

	reg("admincalls.closed", func(t *T) {
		a := t.Admin("bootstrap.servers", nowhere, "log_level", 0)
		a.Close()
		ctx, cancel := ctxSec(5)
		defer cancel()
		for _, c := range adminCalls("t") {
			if c.name == "ListOffsets" { // crashes the peer
				continue
			}
			t.ErrT(c.name, c.f(ctx, a, time.Second))
		}
		id, err := a.ControllerID(ctx)
		t.P("ControllerID %d", id)
		t.ErrT("ControllerID", err)
		t.ErrT("SetOAuthBearerToken", a.SetOAuthBearerToken(kafka.OAuthBearerToken{TokenValue: "x", Expiration: time.Now().Add(time.Hour)}))
		t.ErrT("SetOAuthBearerTokenFailure", a.SetOAuthBearerTokenFailure("x"))
		// What is wrong with the arguments does not matter then.
		_, err = a.CreateTopics(ctx, nil)
		t.ErrT("CreateTopics of nothing", err)
		_, err = a.DeleteTopics(ctx, nil)
		t.ErrT("DeleteTopics of nothing", err)
		_, err = a.CreateACLs(ctx, nil)
		t.ErrT("CreateACLs of nothing", err)
		_, err = a.DescribeTopics(ctx, kafka.TopicCollection{})
		t.ErrT("DescribeTopics of nothing", err)
		_, err = a.ListConsumerGroupOffsets(ctx, nil)
		t.ErrT("ListConsumerGroupOffsets of nothing", err)
		_, err = a.CreateTopics(ctx, []kafka.TopicSpecification{{Topic: "t", NumPartitions: -7}}, kafka.SetAdminRequestTimeout(-1))
		t.ErrT("CreateTopics with wrong arguments", err)
	})

	reg("admincalls.timeout_ranges", func(t *T) {
		a := t.Admin("bootstrap.servers", nowhere, "log_level", 0)
		ctx, cancel := context.WithTimeout(context.Background(), 150*time.Millisecond)
		defer cancel()
		spec := []kafka.TopicSpecification{{Topic: "t", NumPartitions: 1}}
		for _, d := range []time.Duration{-2 * time.Millisecond, -1, -1 * time.Millisecond, -time.Second, time.Hour + time.Millisecond, 2 * time.Hour, 24 * 365 * time.Hour} {
			_, err := a.CreateTopics(ctx, spec, kafka.SetAdminRequestTimeout(d))
			t.ErrT("request "+d.String(), err)
			_, err = a.CreateTopics(ctx, spec, kafka.SetAdminOperationTimeout(d), kafka.SetAdminRequestTimeout(time.Millisecond))
			t.Err("operation "+d.String(), err)
			if ke, ok := err.(kafka.Error); ok && ke.Code() == kafka.ErrInvalidArg {
				t.Text("operation %s", ke)
			}
		}
		for _, d := range []time.Duration{0, time.Microsecond, time.Hour} {
			c, end := context.WithTimeout(context.Background(), 150*time.Millisecond)
			_, err := a.CreateTopics(c, spec, kafka.SetAdminRequestTimeout(d))
			t.ErrT("request "+d.String(), err)
			_, err = a.DescribeCluster(c, kafka.SetAdminRequestTimeout(d))
			t.ErrT("DescribeCluster, request "+d.String(), err)
			end()
		}
	})

	reg("admincalls.wrong_options_all_calls", func(t *T) {
		a := t.Admin("bootstrap.servers", nowhere, "log_level", 0)
		ctx, cancel := ctxSec(5)
		defer cancel()
		for _, c := range adminCalls("t") {
			t.ErrT(c.name, c.f(ctx, a, 2*time.Hour))
		}
	})

	reg("admincalls.zero_options", func(t *T) {
		a := t.Admin()
		ctx, cancel := ctxSec(30)
		defer cancel()
		n := t.AutoTopic("topic")
		rs, err := a.CreateTopics(ctx, []kafka.TopicSpecification{{Topic: n, NumPartitions: 1}}, nil, kafka.AdminOptionRequestTimeout{}, kafka.AdminOptionOperationTimeout{}, kafka.AdminOptionValidateOnly{}, nil)
		t.results("create", rs, err)
		rs, err = a.CreateTopics(ctx, []kafka.TopicSpecification{{Topic: n, NumPartitions: 1}}, kafka.SetAdminValidateOnly(true), kafka.SetAdminValidateOnly(false))
		t.results("the last one counts", rs, err)
		rs, err = a.CreateTopics(ctx, []kafka.TopicSpecification{{Topic: n, NumPartitions: 1}}, kafka.SetAdminRequestTimeout(-5), kafka.SetAdminRequestTimeout(9*time.Second))
		t.results("a wrong one before a good one", rs, err)
		_, err = a.ListConsumerGroups(ctx, kafka.AdminOptionMatchConsumerGroupStates{}, kafka.AdminOptionMatchConsumerGroupTypes{}, nil)
		t.ErrT("groups", err)
		_, err = a.ListOffsets(ctx, map[kafka.TopicPartition]kafka.OffsetSpec{}, kafka.AdminOptionIsolationLevel{}, nil)
		t.ErrT("offsets", err)
		_, err = a.DescribeCluster(ctx, kafka.AdminOptionIncludeAuthorizedOperations{}, nil)
		t.ErrT("cluster", err)
		_, err = a.ListConsumerGroupOffsets(ctx, []kafka.ConsumerGroupTopicPartitions{{Group: n}}, kafka.AdminOptionRequireStableOffsets{}, nil)
		t.ErrT("group offsets", err)
	})

	reg("admincalls.empty_lists", func(t *T) {
		a := t.Admin()
		ctx, cancel := ctxSec(30)
		defer cancel()
		for _, empty := range []bool{false, true} {
			label := "nil "
			if empty {
				label = "empty "
			}
			cs, err := a.CreateACLs(ctx, list[kafka.ACLBinding](empty))
			t.ErrT(label+"CreateACLs", err)
			t.P("%v", cs == nil)
			ds, err := a.DeleteACLs(ctx, list[kafka.ACLBinding](empty))
			t.ErrT(label+"DeleteACLs", err)
			t.P("%v", ds == nil)
			dr, err := a.DeleteRecords(ctx, list[kafka.TopicPartition](empty))
			t.ErrT(label+"DeleteRecords", err)
			t.P("%v", dr.DeleteRecordsResults == nil)
			dg, err := a.DescribeConsumerGroups(ctx, list[string](empty))
			t.ErrT(label+"DescribeConsumerGroups", err)
			t.P("%v", dg.ConsumerGroupDescriptions == nil)
			lg, err := a.ListConsumerGroupOffsets(ctx, list[kafka.ConsumerGroupTopicPartitions](empty))
			t.ErrT(label+"ListConsumerGroupOffsets", err)
			t.P("%v", lg.ConsumerGroupsTopicPartitions == nil)
			ag, err := a.AlterConsumerGroupOffsets(ctx, list[kafka.ConsumerGroupTopicPartitions](empty))
			t.ErrT(label+"AlterConsumerGroupOffsets", err)
			t.P("%v", ag.ConsumerGroupsTopicPartitions == nil)
			as, err := a.AlterUserScramCredentials(ctx, list[kafka.UserScramCredentialUpsertion](empty), list[kafka.UserScramCredentialDeletion](empty))
			t.ErrT(label+"AlterUserScramCredentials", err)
			t.P("%v", as.Errors == nil)
			du, err := a.DescribeUserScramCredentials(ctx, list[string](empty))
			t.ErrT(label+"DescribeUserScramCredentials", err)
			t.P("%v", du.Descriptions == nil)
		}
	})

	reg("admincalls.empty_lists_that_panic", func(t *T) {
		a := t.Admin()
		ctx, cancel := ctxSec(30)
		defer cancel()
		for _, empty := range []bool{false, true} {
			for _, c := range []struct {
				name string
				f    func() error
			}{
				{"CreateTopics", func() error { _, err := a.CreateTopics(ctx, list[kafka.TopicSpecification](empty)); return err }},
				{"DeleteTopics", func() error { _, err := a.DeleteTopics(ctx, list[string](empty)); return err }},
				{"CreatePartitions", func() error {
					_, err := a.CreatePartitions(ctx, list[kafka.PartitionsSpecification](empty))
					return err
				}},
				{"AlterConfigs", func() error { _, err := a.AlterConfigs(ctx, list[kafka.ConfigResource](empty)); return err }},
				{"IncrementalAlterConfigs", func() error { _, err := a.IncrementalAlterConfigs(ctx, list[kafka.ConfigResource](empty)); return err }},
				{"DescribeConfigs", func() error { _, err := a.DescribeConfigs(ctx, list[kafka.ConfigResource](empty)); return err }},
				{"DeleteConsumerGroups", func() error { _, err := a.DeleteConsumerGroups(ctx, list[string](empty)); return err }},
			} {
				t.panics(c.name, func() { t.Err(c.name, c.f()) })
			}
		}
	})

	reg("admincalls.derived", func(t *T) {
		topic := t.Topic("topic", 1)
		ctx, cancel := ctxSec(30)
		defer cancel()
		p := t.Producer("client.id", "mine")
		c := t.Consumer(t.Name("group"), "client.id", "ours")
		pa, err := kafka.NewAdminClientFromProducer(p)
		t.Must("from a producer", err)
		ca, err := kafka.NewAdminClientFromConsumer(c)
		t.Must("from a consumer", err)
		t.P("%s %s", pa, ca)
		t.P("logs nil %v %v", pa.Logs() == nil, ca.Logs() == nil)
		_, err = pa.DescribeTopics(ctx, topicsOf(topic))
		t.ErrT("by the producer's", err)
		_, err = ca.DescribeTopics(ctx, topicsOf(topic))
		t.ErrT("by the consumer's", err)
		pa.Close()
		pa.Close()
		t.P("closed %v, the producer %v", pa.IsClosed(), p.IsClosed())
		_, err = pa.DescribeTopics(ctx, topicsOf(topic))
		t.ErrT("by a closed one", err)
		t.report("the producer", p, message(topic, 0, "k", "v"))
		again, err := kafka.NewAdminClientFromProducer(p)
		t.ErrT("another", err)
		_, err = again.DescribeTopics(ctx, topicsOf(topic))
		t.ErrT("by another", err)
		ca.Close()
		t.P("closed %v, the consumer %v", ca.IsClosed(), c.IsClosed())
	})

	reg("admincalls.from_closed", func(t *T) {
		p := t.Producer("bootstrap.servers", nowhere, "log_level", 0)
		c := t.Consumer("g", "bootstrap.servers", nowhere, "log_level", 0)
		p.Close()
		t.Must("close", c.Close())
		a, err := kafka.NewAdminClientFromProducer(p)
		t.ErrT("producer", err)
		t.P("nil %v", a == nil)
		a, err = kafka.NewAdminClientFromConsumer(c)
		t.ErrT("consumer", err)
		t.P("nil %v", a == nil)
		t.panics("nil producer", func() { _, err := kafka.NewAdminClientFromProducer(nil); t.ErrT("nil producer", err) })
		t.panics("nil consumer", func() { _, err := kafka.NewAdminClientFromConsumer(nil); t.ErrT("nil consumer", err) })
	})

	reg("admincalls.names", func(t *T) {
		a := t.Admin("bootstrap.servers", nowhere, "log_level", 0)
		b := t.Admin("bootstrap.servers", nowhere, "log_level", 0, "client.id", "named")
		t.P("%s %s", a, b)
		t.P("closed %v logs nil %v", a.IsClosed(), a.Logs() == nil)
		l := t.Admin("bootstrap.servers", nowhere, "go.logs.channel.enable", true)
		t.P("logs nil %v capacity %d", l.Logs() == nil, cap(l.Logs()))
		ch := make(chan kafka.LogEvent, 100)
		o := t.Admin("bootstrap.servers", nowhere, "go.logs.channel.enable", true, "go.logs.channel", ch)
		t.P("the program's %v", o.Logs() == ch)
		l.Close()
		open := true
		for range 1000 {
			if _, open = <-l.Logs(); !open {
				break
			}
		}
		t.P("its own channel is open after Close: %v", open)
		o.Close()
		select {
		case _, ok := <-ch:
			t.P("the program's channel is open: %v", ok)
		default:
			t.P("the program's channel is open: true")
		}
	})

	reg("admincalls.metadata", func(t *T) {
		topic := t.Topic("topic", 2)
		a := t.Admin()
		md, err := a.GetMetadata(&topic, false, 10000)
		t.mdf("one", md, err, topic)
		_, err = a.GetMetadata(nil, false, 10000)
		t.Err("none", err)
		md, err = a.GetMetadata(&topic, true, 10000)
		t.ErrT("one and all", err)
		if err == nil {
			t.P("more than one: %v", len(md.Topics) > 1)
		}
		empty := ""
		md, err = a.GetMetadata(&empty, false, 10000)
		t.ErrT("empty name", err)
		if err == nil {
			for n, tm := range md.Topics {
				t.P("%q %q %s %d", n, tm.Topic, kef(tm.Error), len(tm.Partitions))
			}
		}
		bad := "bad name!"
		md, err = a.GetMetadata(&bad, false, 10000)
		t.ErrT("bad name", err)
		if err == nil {
			for n, tm := range md.Topics {
				t.P("%q %q %s %d", n, tm.Topic, kef(tm.Error), len(tm.Partitions))
				t.Text("%s", tm.Error)
			}
		}
		for _, ms := range []int{0, -1, -2} {
			_, err = a.GetMetadata(&topic, false, ms)
			t.ErrT(fmt.Sprint("timeout ", ms), err)
		}
		silent := t.Admin("bootstrap.servers", t.Silent(), "log_level", 0)
		for _, ms := range []int{0, 1, 200} {
			_, err = silent.GetMetadata(&topic, false, ms)
			t.ErrT(fmt.Sprint("silent ", ms), err)
		}
		down := t.Admin("bootstrap.servers", nowhere, "log_level", 0)
		_, err = down.GetMetadata(&topic, false, 200)
		t.ErrT("unreachable", err)
	})
}

// list is nil or empty.
func list[E any](empty bool) []E {
	if empty {
		return []E{}
	}
	return nil
}
