package integration_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/twmb/franz-go/pkg/kadm"

	"github.com/purego-kafka/kafka"
	"github.com/purego-kafka/kafka/integration/cluster"
)

// A user without rights hears of it where it happens: in the report, from Poll, and from the calls of transactions.
func TestForbidden(t *testing.T) {
	t.Parallel()
	c := secureBroker(t)
	topic, open := newTopic(t, c, 1), newTopic(t, c, 1)
	group, id := unique(t, "group"), unique(t, "tx")
	put(t, c, open, 0, "x")
	user := "User:" + cluster.ScramUser
	deny := kadm.NewACLs().Topics(topic).Groups(group).TransactionalIDs(id).ResourcePatternType(kadm.ACLPatternLiteral).
		Deny(user).DenyHosts("*").Operations(kadm.OpRead, kadm.OpWrite)
	results, err := admin(t, c).CreateACLs(t.Context(), deny)
	must(t, err)
	for _, r := range results {
		must(t, r.Err)
	}
	// With a list, a resource is no longer open to all: what the user has to find is allowed to it.
	allow := kadm.NewACLs().Topics(topic).Groups(group).TransactionalIDs(id).ResourcePatternType(kadm.ACLPatternLiteral).
		Allow(user).AllowHosts("*").Operations(kadm.OpDescribe)
	results, err = admin(t, c).CreateACLs(t.Context(), allow)
	must(t, err)
	for _, r := range results {
		must(t, r.Err)
	}
	sam := secured(c, cluster.SASL, sasl("SCRAM-SHA-512", cluster.ScramUser, cluster.ScramPassword))
	plain := newProducer(t, with(c, sam))
	await(t, patience, "the broker refuses to write", func() bool {
		r := send(t, plain, &kafka.Message{TopicPartition: partition(topic, 0), Value: []byte("forbidden")})
		return code(t, r.TopicPartition.Error) == kafka.ErrTopicAuthorizationFailed
	})
	for _, row := range []struct {
		name string
		conf kafka.ConfigMap
		from string
		want kafka.ErrorCode
	}{
		{"topic", groupOf(t), topic, kafka.ErrTopicAuthorizationFailed},
		{"group", kafka.ConfigMap{"group.id": group, "auto.offset.reset": "earliest"}, open, kafka.ErrGroupAuthorizationFailed},
		{"group, consumer protocol", kafka.ConfigMap{"group.id": group, "group.protocol": "consumer"}, open, kafka.ErrGroupAuthorizationFailed},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			r := newConsumer(t, with(c, sam, row.conf))
			subscribe(t, r, row.from)
			pollUntil(t, r, patience, row.want.String(), func(ev kafka.Event) bool {
				switch e := ev.(type) {
				case *kafka.Message:
					t.Errorf("message %v", e.TopicPartition)
				case kafka.Error:
					return e.Code() == row.want
				}
				return false
			})
		})
	}
	t.Run("transactional.id", func(t *testing.T) {
		t.Parallel()
		p := newProducer(t, with(c, sam, kafka.ConfigMap{"transactional.id": id}))
		wantError(t, "InitTransactions", p.InitTransactions(soon(t)), kafka.ErrTransactionalIDAuthorizationFailed, true, false)
	})
	t.Run("in a transaction", func(t *testing.T) {
		t.Parallel()
		p := txnProducer(t, c, unique(t, "tx"), sam)
		out := newTopic(t, c, 1)
		member, err := kafka.NewTestConsumerGroupMetadata(unique(t, "group"))
		must(t, err)
		// The broker refuses to have the partition in the transaction, so the message itself is not sent. What the
		// transaction held before makes no difference.
		for i, before := range []func(){
			func() {},
			func() { write(t, p, out, "dropped") },
			func() { must(t, p.SendOffsetsToTransaction(soon(t), []kafka.TopicPartition{at(open, 0, 1)}, member)) },
		} {
			must(t, p.BeginTransaction())
			before()
			if r := send(t, p, &kafka.Message{TopicPartition: partition(topic, 0), Value: []byte("forbidden")}); code(t, r.TopicPartition.Error) != kafka.ErrPurgeQueue {
				t.Errorf("report: %v", r.TopicPartition.Error)
			}
			wantError(t, "commit", p.CommitTransaction(soon(t)), kafka.ErrTopicAuthorizationFailed, false, true)
			must(t, p.AbortTransaction(soon(t)))
			must(t, p.BeginTransaction())
			write(t, p, out, fmt.Sprint(i))
			must(t, p.CommitTransaction(soon(t)))
		}
		if got := visible(t, c, out, "read_committed"); !slices.Equal(got, numbers(0, 3)) {
			t.Errorf("read_committed sees %v", got)
		}
	})
	t.Run("offsets of a transaction", func(t *testing.T) {
		t.Parallel()
		p := txnProducer(t, c, unique(t, "tx"), sam)
		must(t, p.BeginTransaction())
		member, err := kafka.NewTestConsumerGroupMetadata(group)
		must(t, err)
		wantError(t, "offsets", p.SendOffsetsToTransaction(soon(t), []kafka.TopicPartition{at(open, 0, 1)}, member), kafka.ErrGroupAuthorizationFailed, false, true)
		must(t, p.AbortTransaction(soon(t)))
		must(t, p.BeginTransaction())
		write(t, p, open, "allowed")
		must(t, p.CommitTransaction(soon(t)))
	})
}
