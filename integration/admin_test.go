package integration_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/purego-kafka/kafka"
	"github.com/purego-kafka/kafka/integration/cluster"
)

func newAdmin(t testing.TB, conf *kafka.ConfigMap) *kafka.AdminClient {
	t.Helper()
	a, err := kafka.NewAdminClient(conf)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { inTime(t, "AdminClient.Close", patience, a.Close) })
	return a
}

func TestAdminTopics(t *testing.T) {
	t.Parallel()
	c := broker(t)
	a := newAdmin(t, with(c))
	name := unique(t, "topic")
	spec := kafka.TopicSpecification{Topic: name, NumPartitions: 3, ReplicationFactor: 1, Config: map[string]string{"retention.ms": "123456"}}
	results := func(want kafka.ErrorCode) func([]kafka.TopicResult, error) {
		return func(got []kafka.TopicResult, err error) {
			t.Helper()
			if err != nil || len(got) != 1 || got[0].Topic != name || got[0].Error.Code() != want {
				t.Errorf("got %v, %v, want %v", got, err, want)
			}
		}
	}
	results(kafka.ErrNoError)(a.CreateTopics(t.Context(), []kafka.TopicSpecification{spec}))
	results(kafka.ErrTopicAlreadyExists)(a.CreateTopics(t.Context(), []kafka.TopicSpecification{spec}))

	described, err := a.DescribeTopics(t.Context(), kafka.NewTopicCollectionOfTopicNames([]string{name}))
	if err != nil || len(described.TopicDescriptions) != 1 {
		t.Fatalf("DescribeTopics: %v, %v", described, err)
	}
	if d := described.TopicDescriptions[0]; d.Name != name || d.Error.Code() != kafka.ErrNoError || len(d.Partitions) != 3 || d.Partitions[0].Leader == nil {
		t.Errorf("DescribeTopics: %+v", d)
	}
	resource := kafka.ConfigResource{Type: kafka.ResourceTopic, Name: name}
	configs, err := a.DescribeConfigs(t.Context(), []kafka.ConfigResource{resource})
	if err != nil || len(configs) != 1 || configs[0].Config["retention.ms"].Value != "123456" {
		t.Errorf("DescribeConfigs: %v, %v", configs, err)
	}
	results(kafka.ErrNoError)(a.CreatePartitions(t.Context(), []kafka.PartitionsSpecification{{Topic: name, IncreaseTo: 5}}))
	await(t, patience, "the topic has five partitions", func() bool {
		leaders, err := c.Leaders(t.Context(), name)
		return err == nil && len(leaders) == 5
	})

	put(t, c, name, 0, numbers(0, 10)...)
	deleted, err := a.DeleteRecords(t.Context(), []kafka.TopicPartition{at(name, 0, 6)})
	if err != nil || len(deleted.DeleteRecordsResults) != 1 || deleted.DeleteRecordsResults[0].TopicPartition.Error != nil || deleted.DeleteRecordsResults[0].DeletedRecords.LowWatermark != 6 {
		t.Errorf("DeleteRecords: %+v, %v", deleted, err)
	}
	offsets, err := a.ListOffsets(t.Context(), map[kafka.TopicPartition]kafka.OffsetSpec{partition(name, 0): kafka.EarliestOffsetSpec})
	if err != nil || len(offsets.ResultInfos) != 1 {
		t.Fatalf("ListOffsets: %v, %v", offsets, err)
	}
	for tp, info := range offsets.ResultInfos {
		if *tp.Topic != name || tp.Partition != 0 || info.Error.Code() != kafka.ErrNoError || info.Offset != 6 {
			t.Errorf("ListOffsets: %v has %+v", tp, info)
		}
	}

	results(kafka.ErrNoError)(a.DeleteTopics(t.Context(), []string{name}))
	await(t, patience, "the topic is gone", func() bool {
		meta, err := admin(t, c).Metadata(t.Context())
		return err == nil && !meta.Topics.Has(name)
	})
	results(kafka.ErrUnknownTopicOrPart)(a.DeleteTopics(t.Context(), []string{name}))
}

func TestAdminCluster(t *testing.T) {
	t.Parallel()
	c := broker(t)
	a := newAdmin(t, with(c))
	meta, err := admin(t, c).Metadata(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if id, err := a.ClusterID(t.Context()); err != nil || id != meta.Cluster {
		t.Errorf("ClusterID is %q, %v, want %q", id, err, meta.Cluster)
	}
	if id, err := a.ControllerID(t.Context()); err != nil || id != meta.Controller {
		t.Errorf("ControllerID is %d, %v, want %d", id, err, meta.Controller)
	}
	got, err := a.DescribeCluster(t.Context())
	if err != nil || len(got.Nodes) != len(meta.Brokers) {
		t.Errorf("DescribeCluster: %+v, %v", got, err)
	}
}

func TestAdminGroups(t *testing.T) {
	t.Parallel()
	c := broker(t)
	a := newAdmin(t, with(c))
	topic, conf := newTopic(t, c, 2), groupOf(t)
	group := conf["group.id"].(string)
	put(t, c, topic, 0, numbers(0, 5)...)
	r := newConsumer(t, with(c, conf))
	subscribe(t, r, topic)
	messages(t, r, 5)

	described, err := a.DescribeConsumerGroups(t.Context(), []string{group})
	if err != nil || len(described.ConsumerGroupDescriptions) != 1 {
		t.Fatalf("DescribeConsumerGroups: %v, %v", described, err)
	}
	d := described.ConsumerGroupDescriptions[0]
	if d.GroupID != group || d.State != kafka.ConsumerGroupStateStable || len(d.Members) != 1 || len(d.Members[0].Assignment.TopicPartitions) != 2 {
		t.Errorf("DescribeConsumerGroups: %+v", d)
	}
	deleted, err := a.DeleteConsumerGroups(t.Context(), []string{group})
	if err != nil || len(deleted.ConsumerGroupResults) != 1 || deleted.ConsumerGroupResults[0].Error.Code() != kafka.ErrNonEmptyGroup {
		t.Errorf("deleting a group with a member: %v, %v", deleted, err)
	}
	closeConsumer(t, r)

	listed, err := a.ListConsumerGroups(t.Context())
	if err != nil || len(listed.Errors) != 0 || !slices.ContainsFunc(listed.Valid, func(g kafka.ConsumerGroupListing) bool { return g.GroupID == group }) {
		t.Errorf("ListConsumerGroups: %v, %v", listed, err)
	}
	offsets, err := a.ListConsumerGroupOffsets(t.Context(), []kafka.ConsumerGroupTopicPartitions{{Group: group, Partitions: []kafka.TopicPartition{partition(topic, 0)}}})
	if err != nil || offsets.ConsumerGroupsTopicPartitions[0].Partitions[0].Offset != 5 {
		t.Errorf("ListConsumerGroupOffsets: %v, %v", offsets, err)
	}
	altered, err := a.AlterConsumerGroupOffsets(t.Context(), []kafka.ConsumerGroupTopicPartitions{{Group: group, Partitions: []kafka.TopicPartition{at(topic, 0, 2)}}})
	if err != nil || altered.ConsumerGroupsTopicPartitions[0].Partitions[0].Error != nil {
		t.Errorf("AlterConsumerGroupOffsets: %v, %v", altered, err)
	}
	if got := committed(t, c, group, topic, 0); got != 2 {
		t.Errorf("the group's offset is %d, want 2", got)
	}
	deleted, err = a.DeleteConsumerGroups(t.Context(), []string{group})
	if err != nil || deleted.ConsumerGroupResults[0].Error.Code() != kafka.ErrNoError {
		t.Errorf("DeleteConsumerGroups: %v, %v", deleted, err)
	}
	if got := committed(t, c, group, topic, 0); got != -1 {
		t.Errorf("the deleted group's offset is %d", got)
	}
}

// What an access list forbids is in the producer's report and in the consumer's event, and ends when the list does.
func TestAuthorization(t *testing.T) {
	t.Parallel()
	c := secureBroker(t)
	a := newAdmin(t, with(c))
	topic := newTopic(t, c, 1)
	binding := func(user string, op kafka.ACLOperation, kind kafka.ACLPermissionType) kafka.ACLBinding {
		return kafka.ACLBinding{Type: kafka.ResourceTopic, Name: topic, ResourcePatternType: kafka.ResourcePatternTypeLiteral,
			Principal: "User:" + user, Host: "*", Operation: op, PermissionType: kind}
	}
	list := kafka.ACLBindings{
		binding("*", kafka.ACLOperationAll, kafka.ACLPermissionTypeAllow),
		binding(cluster.ScramUser, kafka.ACLOperationWrite, kafka.ACLPermissionTypeDeny),
		binding(cluster.ScramUser, kafka.ACLOperationRead, kafka.ACLPermissionTypeDeny),
	}
	created, err := a.CreateACLs(t.Context(), list)
	if err != nil || len(created) != len(list) {
		t.Fatalf("CreateACLs: %v, %v", created, err)
	}
	for i, r := range created {
		if r.Error.Code() != kafka.ErrNoError {
			t.Fatalf("CreateACLs: %v for %v", r.Error, list[i])
		}
	}
	filter := kafka.ACLBindingFilter{Type: kafka.ResourceTopic, Name: topic, ResourcePatternType: kafka.ResourcePatternTypeLiteral,
		Operation: kafka.ACLOperationAny, PermissionType: kafka.ACLPermissionTypeAny}
	await(t, patience, "the access list is there", func() bool {
		got, err := a.DescribeACLs(t.Context(), filter)
		return err == nil && got.Error.Code() == kafka.ErrNoError && len(got.ACLBindings) == len(list)
	})

	sam := secured(c, cluster.SASL, sasl("SCRAM-SHA-512", cluster.ScramUser, cluster.ScramPassword))
	paula := secured(c, cluster.SASL, sasl("PLAIN", cluster.PlainUser, cluster.PlainPassword))
	p := newProducer(t, with(c, sam))
	await(t, patience, "the broker refuses to write", func() bool {
		r := send(t, p, &kafka.Message{TopicPartition: partition(topic, 0), Value: []byte("forbidden")})
		return code(t, r.TopicPartition.Error) == kafka.ErrTopicAuthorizationFailed
	})
	other := newProducer(t, with(c, paula))
	deleteAll := func() { // what was written before the list was in force
		ends, err := admin(t, c).ListEndOffsets(t.Context(), topic)
		if err != nil {
			t.Fatal(err)
		}
		if o, _ := ends.Lookup(topic, 0); o.Offset > 0 {
			truncate(t, c, topic, 0, o.Offset)
		}
	}
	deleteAll()
	if r := send(t, other, &kafka.Message{TopicPartition: partition(topic, 0), Value: []byte("allowed")}); r.TopicPartition.Error != nil {
		t.Errorf("another user's report: %v", r.TopicPartition.Error)
	}
	r := newConsumer(t, with(c, sam, groupOf(t)))
	assign(t, r, at(topic, 0, kafka.OffsetBeginning))
	pollUntil(t, r, patience, "an authorization error", func(ev kafka.Event) bool {
		switch e := ev.(type) {
		case *kafka.Message:
			t.Errorf("message %v", e.TopicPartition)
		case kafka.Error:
			return e.Code() == kafka.ErrTopicAuthorizationFailed
		}
		return false
	})

	removed, err := a.DeleteACLs(t.Context(), kafka.ACLBindingFilters{filter})
	if err != nil || len(removed) != 1 || removed[0].Error.Code() != kafka.ErrNoError || len(removed[0].ACLBindings) != len(list) {
		t.Errorf("DeleteACLs: %v, %v", removed, err)
	}
	await(t, patience, "the broker lets write again", func() bool {
		r := send(t, p, &kafka.Message{TopicPartition: partition(topic, 0), Value: []byte("again")})
		return r.TopicPartition.Error == nil
	})
	next := newConsumer(t, with(c, sam, groupOf(t)))
	subscribe(t, next, topic)
	if got := values(messages(t, next, 2)); got[0] != "allowed" || got[1] != "again" {
		t.Errorf("read %v", got)
	}
}

// A user that the admin client makes can log in, until it is deleted.
func TestScramUsers(t *testing.T) {
	t.Parallel()
	c := secureBroker(t)
	a := newAdmin(t, with(c))
	user := fmt.Sprintf("user-%d", time.Now().UnixNano())
	info := kafka.ScramCredentialInfo{Mechanism: kafka.ScramMechanismSHA256, Iterations: 4096}
	altered, err := a.AlterUserScramCredentials(t.Context(), []kafka.UserScramCredentialUpsertion{
		{User: user, ScramCredentialInfo: info, Password: []byte("first-password"), Salt: []byte("salt-salt-salt")}}, nil)
	if err != nil || altered.Errors[user].Code() != kafka.ErrNoError {
		t.Fatalf("AlterUserScramCredentials: %v, %v", altered, err)
	}
	await(t, patience, "the user is there", func() bool {
		got, err := a.DescribeUserScramCredentials(t.Context(), []string{user})
		d := got.Descriptions[user]
		return err == nil && d.Error.Code() == kafka.ErrNoError && len(d.ScramCredentialInfos) == 1 && d.ScramCredentialInfos[0] == info
	})
	roundTrip(t, c, secured(c, cluster.SASL, sasl("SCRAM-SHA-256", user, "first-password")))

	altered, err = a.AlterUserScramCredentials(t.Context(), nil, []kafka.UserScramCredentialDeletion{{User: user, Mechanism: kafka.ScramMechanismSHA256}})
	if err != nil || altered.Errors[user].Code() != kafka.ErrNoError {
		t.Fatalf("deleting the user: %v, %v", altered, err)
	}
	await(t, patience, "the user is gone", func() bool {
		got, err := a.DescribeUserScramCredentials(t.Context(), []string{user})
		return err == nil && got.Descriptions[user].Error.Code() == kafka.ErrResourceNotFound
	})
	p := newProducer(t, with(c, secured(c, cluster.SASL, sasl("SCRAM-SHA-256", user, "first-password"))))
	timeout := time.After(patience)
	for {
		select {
		case ev := <-p.Events():
			if e, ok := ev.(kafka.Error); ok && e.Code() == kafka.ErrAuthentication {
				return
			}
		case <-timeout:
			t.Fatal("a user that is gone is not refused")
		}
	}
}
