package main

import (
	"context"
	"fmt"
	"sort"
	"time"

	"github.com/confluentinc/confluent-kafka-go/v2/kafka"
)

// member makes a consumer of a group and waits until it has its partitions.
func (t *T) member(group, topic string, n int, kv ...any) *kafka.Consumer {
	c := t.Consumer(group, kv...)
	t.Must("subscribe", c.Subscribe(topic, nil))
	if !waitFor(30*time.Second, func() bool { c.Poll(100); as, _ := c.Assignment(); return len(as) == n }) {
		t.Stop("no assignment")
	}
	return c
}

// described shows groups as DescribeConsumerGroups has them.
func (t *T) described(label string, res kafka.DescribeConsumerGroupsResult, err error) {
	t.ErrT(label, err)
	for _, d := range res.ConsumerGroupDescriptions {
		t.P("%s: %s %s state %s assignor %q simple %v type %s members %d nil %v operations %s", label, d.GroupID, kef(d.Error), d.State, d.PartitionAssignor, d.IsSimpleConsumerGroup, d.Type, len(d.Members), d.Members == nil, ops(d.AuthorizedOperations))
		t.P("%s: coordinator %s", label, node(&d.Coordinator))
		t.Text("%s: %s", label, d.Error)
		for _, m := range d.Members {
			t.P("%s:   client %q instance %q id set %v host %q partitions %s target %v", label, m.ClientID, m.GroupInstanceID, m.ConsumerID != "", m.Host, parts(m.Assignment.TopicPartitions), m.TargetAssignment != nil)
			if m.TargetAssignment != nil {
				t.P("%s:   target %s", label, parts(m.TargetAssignment.TopicPartitions))
			}
		}
	}
}

func init() {
	reg("groups.describe_classic", func(t *T) {
		topic, group := t.Topic("topic", 2), t.Name("group")
		c := t.member(group, topic, 2, "client.id", "one", "group.instance.id", "inst", "partition.assignment.strategy", "roundrobin")
		a := t.Admin()
		ctx, cancel := ctxSec(30)
		defer cancel()
		res, err := a.DescribeConsumerGroups(ctx, []string{group}, kafka.SetAdminOptionIncludeAuthorizedOperations(true), kafka.SetAdminRequestTimeout(10*time.Second))
		t.described("one member", res, err)
		t.Must("close", c.Close())
		res, err = a.DescribeConsumerGroups(ctx, []string{group})
		t.described("static member closed", res, err)
	})

	reg("groups.describe_empty_and_dead", func(t *T) {
		topic, group := t.Topic("topic", 1), t.Name("group")
		c := t.member(group, topic, 1)
		t.Must("close", c.Close())
		a := t.Admin()
		ctx, cancel := ctxSec(30)
		defer cancel()
		only := t.Name("offsets")
		_, err := a.AlterConsumerGroupOffsets(ctx, []kafka.ConsumerGroupTopicPartitions{{Group: only, Partitions: []kafka.TopicPartition{tpo(topic, 0, 0)}}})
		t.Must("offsets", err)
		res, err := a.DescribeConsumerGroups(ctx, []string{group, t.Name("none"), only})
		t.described("three", res, err)
		res, err = a.DescribeConsumerGroups(ctx, []string{group, group})
		t.described("twice", res, err)
		res, err = a.DescribeConsumerGroups(ctx, []string{""})
		t.ErrT("no name", err)
		t.P("%s", kef(res.ConsumerGroupDescriptions[0].Error))
	})

	reg("groups.describe_consumer_protocol", func(t *T) {
		topic, group := t.Topic("topic", 2), t.Name("group")
		t.member(group, topic, 2, "group.protocol", "consumer", "client.id", "new")
		a := t.Admin()
		ctx, cancel := ctxSec(30)
		defer cancel()
		res, err := a.DescribeConsumerGroups(ctx, []string{group})
		t.described("consumer protocol", res, err)
		res, err = a.DescribeConsumerGroups(ctx, []string{t.Name("none"), group}, kafka.SetAdminOptionIncludeAuthorizedOperations(true))
		t.described("and none", res, err)
	})

	reg("groups.list", func(t *T) {
		topic, empty, classic, modern := t.Topic("topic", 1), t.Name("empty"), t.Name("classic"), t.Name("modern")
		c := t.member(empty, topic, 1)
		t.Must("close", c.Close())
		t.member(classic, topic, 1)
		t.member(modern, topic, 1, "group.protocol", "consumer")
		a := t.Admin()
		ctx, cancel := ctxSec(40)
		defer cancel()
		show := func(label string, opts ...kafka.ListConsumerGroupsAdminOption) {
			res, err := a.ListConsumerGroups(ctx, opts...)
			t.ErrT(label, err)
			t.P("%s: errors %d nil %v", label, len(res.Errors), res.Errors == nil)
			var ls []string
			for _, g := range res.Valid {
				if g.GroupID == empty || g.GroupID == classic || g.GroupID == modern {
					ls = append(ls, fmt.Sprintf("%s simple %v state %s type %s", g.GroupID, g.IsSimpleConsumerGroup, g.State, g.Type))
				}
			}
			sort.Strings(ls)
			for _, l := range ls {
				t.P("%s: %s", label, l)
			}
		}
		type states = []kafka.ConsumerGroupState
		type types = []kafka.ConsumerGroupType
		show("all")
		show("stable", kafka.SetAdminMatchConsumerGroupStates(states{kafka.ConsumerGroupStateStable}))
		show("empty and dead", kafka.SetAdminMatchConsumerGroupStates(states{kafka.ConsumerGroupStateEmpty, kafka.ConsumerGroupStateDead}))
		show("nil states", kafka.SetAdminMatchConsumerGroupStates(nil))
		show("state twice", kafka.SetAdminMatchConsumerGroupStates(states{kafka.ConsumerGroupStateStable, kafka.ConsumerGroupStateStable}))
		show("state unknown", kafka.SetAdminMatchConsumerGroupStates(states{kafka.ConsumerGroupStateUnknown}))
		show("state 99", kafka.SetAdminMatchConsumerGroupStates(states{99}))
		show("classic", kafka.SetAdminMatchConsumerGroupTypes(types{kafka.ConsumerGroupTypeClassic}))
		show("consumer", kafka.SetAdminMatchConsumerGroupTypes(types{kafka.ConsumerGroupTypeConsumer}))
		show("both types", kafka.SetAdminMatchConsumerGroupTypes(types{kafka.ConsumerGroupTypeConsumer, kafka.ConsumerGroupTypeClassic}))
		show("nil types", kafka.SetAdminMatchConsumerGroupTypes(nil))
		show("type twice", kafka.SetAdminMatchConsumerGroupTypes(types{kafka.ConsumerGroupTypeClassic, kafka.ConsumerGroupTypeClassic}))
		show("type unknown", kafka.SetAdminMatchConsumerGroupTypes(types{kafka.ConsumerGroupTypeUnknown}))
		show("type 99", kafka.SetAdminMatchConsumerGroupTypes(types{99}))
		show("stable consumer", kafka.SetAdminMatchConsumerGroupTypes(types{kafka.ConsumerGroupTypeConsumer}), kafka.SetAdminMatchConsumerGroupStates(states{kafka.ConsumerGroupStateStable}))
		show("empty consumer", kafka.SetAdminMatchConsumerGroupTypes(types{kafka.ConsumerGroupTypeConsumer}), kafka.SetAdminMatchConsumerGroupStates(states{kafka.ConsumerGroupStateEmpty}))
	})

	reg("groups.empty_options", func(t *T) {
		a := t.Admin()
		ctx, cancel := ctxSec(20)
		defer cancel()
		t.panics("no states", func() {
			_, err := a.ListConsumerGroups(ctx, kafka.SetAdminMatchConsumerGroupStates([]kafka.ConsumerGroupState{}))
			t.ErrT("no states", err)
		})
		t.panics("no types", func() {
			_, err := a.ListConsumerGroups(ctx, kafka.SetAdminMatchConsumerGroupTypes([]kafka.ConsumerGroupType{}))
			t.ErrT("no types", err)
		})
	})

	reg("groups.delete", func(t *T) {
		topic, a, ctx := t.Topic("topic", 1), t.Admin(), context.Background()
		g1, g2, used := t.Name("one"), t.Name("two"), t.Name("used")
		for _, g := range []string{g1, g2} {
			_, err := a.AlterConsumerGroupOffsets(ctx, []kafka.ConsumerGroupTopicPartitions{{Group: g, Partitions: []kafka.TopicPartition{tpo(topic, 0, 0)}}})
			t.Must("offsets", err)
		}
		t.member(used, topic, 1)
		del := func(label string, gs ...string) {
			res, err := a.DeleteConsumerGroups(ctx, gs, kafka.SetAdminRequestTimeout(10*time.Second))
			t.ErrT(label, err)
			for _, r := range res.ConsumerGroupResults {
				t.P("%s: %q %s", label, r.Group, kef(r.Error))
				t.Text("%s: %s / %s", label, r, r.Error)
			}
		}
		del("order", t.Name("zz"), used, g2)
		del("twice", g1, g1)
		del("again", g1)
	})

	reg("groups.offsets_forms", func(t *T) {
		topic, group := t.Topic("topic", 3), t.Name("group")
		a := t.Admin()
		ctx, cancel := ctxSec(40)
		defer cancel()
		type gtps = []kafka.ConsumerGroupTopicPartitions
		epoch, meta := int32(0), "m"
		alter := func(label, g string, ps ...kafka.TopicPartition) {
			res, err := a.AlterConsumerGroupOffsets(ctx, gtps{{Group: g, Partitions: ps}}, kafka.SetAdminRequestTimeout(10*time.Second))
			t.ErrT(label, err)
			for _, r := range res.ConsumerGroupsTopicPartitions {
				t.P("%s: %s %s", label, r.Group, tpsf(r.Partitions))
				t.P("%s: in order %v", label, sort.IsSorted(kafka.TopicPartitions(r.Partitions)))
			}
		}
		list := func(label, g string, ps []kafka.TopicPartition, opts ...kafka.ListConsumerGroupOffsetsAdminOption) {
			res, err := a.ListConsumerGroupOffsets(ctx, gtps{{Group: g, Partitions: ps}}, opts...)
			t.ErrT(label, err)
			for _, r := range res.ConsumerGroupsTopicPartitions {
				t.P("%s: %s %s", label, r.Group, tpsf(r.Partitions))
			}
		}
		e := tpo(topic, 1, 3)
		e.LeaderEpoch, e.Metadata = &epoch, &meta
		alter("out of order", group, tpo(topic, 2, 5), e, tpo(topic, 0, 0))
		list("as asked", group, []kafka.TopicPartition{tp(topic, 2), tp(topic, 0), tp(topic, 1)})
		list("nil", group, nil)
		list("empty", group, []kafka.TopicPartition{})
		list("twice", group, []kafka.TopicPartition{tp(topic, 1), tp(topic, 1)})
		list("with offsets of its own", group, []kafka.TopicPartition{tpo(topic, 2, 99)})
		list("unknown topic", group, []kafka.TopicPartition{tp(t.Name("none"), 0)})
		list("partition -1", group, []kafka.TopicPartition{tp(topic, -1)})
		list("no group name", "", []kafka.TopicPartition{tp(topic, 0)})
		list("unknown group, all", t.Name("nobody"), nil)
		list("stable", group, []kafka.TopicPartition{tp(topic, 1)}, kafka.SetAdminRequireStableOffsets(true), kafka.SetAdminRequestTimeout(10*time.Second))
		alter("no group name", "", tpo(topic, 0, 1))
		alter("twice", group, tpo(topic, 0, 1), tpo(topic, 0, 2))
		alter("end", group, tpo(topic, 0, kafka.OffsetEnd))
		alter("beginning", group, tpo(topic, 0, kafka.OffsetBeginning))
		alter("invalid", group, tpo(topic, 0, kafka.OffsetInvalid))
		alter("unknown topic", group, tpo(t.Name("none"), 0, 1))
		alter("partition -1", group, tpo(topic, -1, 1))
		alter("far beyond the end", group, tpo(topic, 0, 1<<40))
		_, err := a.AlterConsumerGroupOffsets(ctx, gtps{{Group: group, Partitions: []kafka.TopicPartition{tpo(topic, 0, 1)}}, {Group: "b", Partitions: []kafka.TopicPartition{tpo(topic, 0, 1)}}})
		t.ErrT("two groups", err)
		list("in the end", group, nil)
	})

	reg("groups.without_rights", func(t *T) {
		topic, group := t.Topic("topic", 1), t.Name("group")
		ctx, cancel := ctxSec(50)
		defer cancel()
		type gtps = []kafka.ConsumerGroupTopicPartitions
		one := gtps{{Group: group, Partitions: []kafka.TopicPartition{tpo(topic, 0, 1)}}}
		_, err := t.Adm().AlterConsumerGroupOffsets(ctx, one)
		t.Must("offsets", err)
		a := withoutRights(ctx, t, group)
		res, err := a.DescribeConsumerGroups(ctx, []string{group, t.Name("other")})
		t.ErrT("describe", err)
		for _, d := range res.ConsumerGroupDescriptions {
			t.P("%s %s %s members nil %v", d.GroupID, kef(d.Error), d.State, d.Members == nil)
		}
		ls, err := a.ListConsumerGroups(ctx)
		t.ErrT("list", err)
		there := false
		for _, g := range ls.Valid {
			there = there || g.GroupID == group
		}
		t.P("listed %v errors %d", there, len(ls.Errors))
		lo, err := a.ListConsumerGroupOffsets(ctx, one)
		t.ErrT("offsets", err)
		for _, g := range lo.ConsumerGroupsTopicPartitions {
			t.P("%s %s", g.Group, tpsf(g.Partitions))
		}
		ao, err := a.AlterConsumerGroupOffsets(ctx, one)
		t.ErrT("alter offsets", err)
		for _, g := range ao.ConsumerGroupsTopicPartitions {
			t.P("%s %s", g.Group, tpsf(g.Partitions))
		}
		dg, err := a.DeleteConsumerGroups(ctx, []string{group})
		t.ErrT("delete", err)
		for _, r := range dg.ConsumerGroupResults {
			t.P("%s", kef(r.Error))
			t.Text("%s", r)
		}
	})

	reg("groups.consumer_without_rights", func(t *T) {
		topic, group := t.Topic("topic", 1), t.Name("group")
		ctx, cancel := ctxSec(50)
		defer cancel()
		withoutRights(ctx, t, group)
		c := t.Consumer(group, withSASL("PLAIN", "testuser", "testpass")...)
		cs, err := c.Committed([]kafka.TopicPartition{tp(topic, 0)}, 2000)
		t.ErrT("committed", err)
		t.P("%s", tpsf(cs))
		t.Must("subscribe", c.Subscribe(topic, nil))
		ev := Next(c, 20*time.Second, isErr)
		t.P("%s", evf(ev))
	})

	reg("groups.offsets_of_transactions", func(t *T) {
		topic, group := t.Topic("topic", 1), t.Name("group")
		t.Fill(topic, 0, 3, "v")
		p := t.Producer("transactional.id", t.Name("tx"))
		ctx, cancel := ctxSec(50)
		defer cancel()
		t.Must("init", p.InitTransactions(ctx))
		t.Must("begin", p.BeginTransaction())
		cg, err := kafka.NewTestConsumerGroupMetadata(group)
		t.Must("metadata", err)
		t.Must("send", p.SendOffsetsToTransaction(ctx, []kafka.TopicPartition{tpo(topic, 0, 2)}, cg))
		a := t.Admin()
		for _, stable := range []bool{false, true} {
			res, err := a.ListConsumerGroupOffsets(ctx, []kafka.ConsumerGroupTopicPartitions{{Group: group, Partitions: []kafka.TopicPartition{tp(topic, 0)}}}, kafka.SetAdminRequireStableOffsets(stable), kafka.SetAdminRequestTimeout(2*time.Second))
			t.ErrT(fmt.Sprint("stable ", stable), err)
			for _, r := range res.ConsumerGroupsTopicPartitions {
				t.P("%s", tpsf(r.Partitions))
			}
		}
		t.Must("commit", p.CommitTransaction(ctx))
		waitFor(10*time.Second, func() bool {
			res, err := a.ListConsumerGroupOffsets(ctx, []kafka.ConsumerGroupTopicPartitions{{Group: group, Partitions: []kafka.TopicPartition{tp(topic, 0)}}})
			return err == nil && res.ConsumerGroupsTopicPartitions[0].Partitions[0].Offset == 2
		})
		res, err := a.ListConsumerGroupOffsets(ctx, []kafka.ConsumerGroupTopicPartitions{{Group: group}}, kafka.SetAdminRequireStableOffsets(true))
		t.ErrT("committed", err)
		for _, r := range res.ConsumerGroupsTopicPartitions {
			t.P("%s", tpsf(r.Partitions))
		}
	})
}

// withoutRights denies testuser the group, and returns that user's admin client when the broker keeps to it.
func withoutRights(ctx context.Context, t *T, group string) *kafka.AdminClient {
	deny := kafka.ACLBinding{Type: kafka.ResourceGroup, Name: group, ResourcePatternType: kafka.ResourcePatternTypeLiteral, Principal: "User:testuser", Host: "*", Operation: kafka.ACLOperationAll, PermissionType: kafka.ACLPermissionTypeDeny}
	_, err := t.Adm().CreateACLs(ctx, kafka.ACLBindings{deny})
	t.Must("ACL", err)
	t.Later(func() { _, _ = t.Adm().DeleteACLs(context.Background(), kafka.ACLBindingFilters{deny}) })
	a := t.Admin(withSASL("PLAIN", "testuser", "testpass")...)
	waitFor(15*time.Second, func() bool {
		res, err := a.DescribeConsumerGroups(ctx, []string{group})
		return err == nil && res.ConsumerGroupDescriptions[0].Error.Code() == kafka.ErrGroupAuthorizationFailed
	})
	return a
}
