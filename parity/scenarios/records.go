package main

import (
	"fmt"
	"sort"
	"time"

	"github.com/confluentinc/confluent-kafka-go/v2/kafka"
)

// offsets shows the result of ListOffsets.
func (t *T) offsets(label string, res kafka.ListOffsetsResult, err error) {
	t.ErrT(label, err)
	t.P("%s: nil %v", label, res.ResultInfos == nil)
	var ls []string
	for p, r := range res.ResultInfos {
		ls = append(ls, fmt.Sprintf("%s offset %d timestamp %d epoch %s %s", tpf(p), r.Offset, r.Timestamp, i32p(r.LeaderEpoch), kef(r.Error)))
	}
	sort.Strings(ls)
	for _, l := range ls {
		t.P("%s: %s", label, l)
	}
}

func init() {
	type specs = map[kafka.TopicPartition]kafka.OffsetSpec

	reg("records.list_by_time", func(t *T) {
		topic := t.Topic("topic", 2)
		for i := range 4 {
			t.Send(&kafka.Message{TopicPartition: tp(topic, 0), Value: []byte("v"), Timestamp: time.UnixMilli(int64(1000 * (4 - i)))})
		}
		a := t.Admin()
		ctx, cancel := ctxSec(30)
		defer cancel()
		for _, s := range []kafka.OffsetSpec{kafka.NewOffsetSpecForTimestamp(0), kafka.NewOffsetSpecForTimestamp(2000), kafka.NewOffsetSpecForTimestamp(4000), kafka.NewOffsetSpecForTimestamp(4001),
			kafka.NewOffsetSpecForTimestamp(-1), kafka.EarliestOffsetSpec, kafka.LatestOffsetSpec, kafka.MaxTimestampOffsetSpec, kafka.OffsetSpec(-4), kafka.OffsetSpec(-77)} {
			res, err := a.ListOffsets(ctx, specs{tp(topic, 0): s, tp(topic, 1): s})
			t.offsets(fmt.Sprint(int64(s)), res, err)
		}
	})

	reg("records.list_checks", func(t *T) {
		topic := t.Topic("topic", 1)
		t.Fill(topic, 0, 3, "v")
		a := t.Admin()
		ctx, cancel := ctxSec(30)
		defer cancel()
		res, err := a.ListOffsets(ctx, nil)
		t.offsets("nil", res, err)
		res, err = a.ListOffsets(ctx, specs{})
		t.offsets("empty", res, err)
		res, err = a.ListOffsets(ctx, specs{tp(topic, -1): kafka.LatestOffsetSpec})
		t.offsets("partition -1", res, err)
		res, err = a.ListOffsets(ctx, specs{tp(t.Name("none"), 0): kafka.LatestOffsetSpec, tp(topic, 0): kafka.LatestOffsetSpec})
		t.offsets("unknown topic", res, err)
		res, err = a.ListOffsets(ctx, specs{tp("", 0): kafka.LatestOffsetSpec})
		t.offsets("empty topic", res, err)
		res, err = a.ListOffsets(ctx, specs{tp(topic, 0): kafka.LatestOffsetSpec}, kafka.SetAdminIsolationLevel(kafka.IsolationLevelReadUncommitted))
		t.offsets("uncommitted", res, err)
		res, err = a.ListOffsets(ctx, specs{tp(topic, 0): kafka.LatestOffsetSpec}, kafka.SetAdminIsolationLevel(kafka.IsolationLevel(5)))
		t.offsets("level 5", res, err)
		res, err = a.ListOffsets(ctx, specs{tp(topic, 0): kafka.LatestOffsetSpec}, kafka.SetAdminIsolationLevel(kafka.IsolationLevel(-1)))
		t.offsets("level -1", res, err)
		res, err = a.ListOffsets(ctx, specs{tp(topic, 5): -4})
		t.offsets("spec -4", res, err)
		res, err = a.ListOffsets(ctx, specs{tp("", -1): -4})
		t.offsets("all wrong", res, err)
		res, err = a.ListOffsets(ctx, specs{tp(topic, -1): -4})
		t.offsets("two wrong", res, err)
		res, err = a.ListOffsets(ctx, specs{tp(t.Name("none"), 0): kafka.LatestOffsetSpec})
		t.offsets("unknown topic alone", res, err)
		res, err = a.ListOffsets(ctx, specs{tp(topic, 7): kafka.LatestOffsetSpec})
		t.offsets("unknown partition alone", res, err)
		o := tpo(topic, 0, 2)
		res, err = a.ListOffsets(ctx, specs{tp(topic, 0): kafka.EarliestOffsetSpec, o: kafka.LatestOffsetSpec})
		t.ErrT("the same twice", err)
		t.P("the same twice: %d", len(res.ResultInfos))
		res, err = a.ListOffsets(ctx, specs{o: kafka.LatestOffsetSpec})
		t.offsets("with an offset", res, err)
	})

	reg("records.list_isolation", func(t *T) {
		topic := t.Topic("topic", 1)
		p := t.Producer("transactional.id", t.Name("tx"))
		ctx, cancel := ctxSec(40)
		defer cancel()
		t.Must("init", p.InitTransactions(ctx))
		t.Must("begin", p.BeginTransaction())
		t.SendBy(p, message(topic, 0, "k", "v"), message(topic, 0, "k", "v"))
		a := t.Admin()
		show := func(label string) {
			for _, l := range []kafka.IsolationLevel{kafka.IsolationLevelReadUncommitted, kafka.IsolationLevelReadCommitted} {
				res, err := a.ListOffsets(ctx, specs{tp(topic, 0): kafka.LatestOffsetSpec}, kafka.SetAdminIsolationLevel(l), kafka.SetAdminRequestTimeout(10*time.Second))
				t.offsets(fmt.Sprintf("%s %d", label, int(l)), res, err)
			}
		}
		show("open")
		t.Must("commit", p.CommitTransaction(ctx))
		waitFor(10*time.Second, func() bool { // the marker is there a little later
			res, err := a.ListOffsets(ctx, specs{tp(topic, 0): kafka.LatestOffsetSpec}, kafka.SetAdminIsolationLevel(kafka.IsolationLevelReadCommitted))
			for _, r := range res.ResultInfos {
				return r.Offset == 3
			}
			return err != nil
		})
		show("committed")
	})

	reg("records.delete_checks", func(t *T) {
		topic := t.Topic("topic", 2)
		t.Fill(topic, 0, 5, "v")
		a := t.Admin()
		ctx, cancel := ctxSec(40)
		defer cancel()
		del := func(label string, ps ...kafka.TopicPartition) {
			res, err := a.DeleteRecords(ctx, ps, kafka.SetAdminRequestTimeout(5*time.Second))
			t.ErrT(label, err)
			t.P("%s: nil %v", label, res.DeleteRecordsResults == nil)
			for _, r := range res.DeleteRecordsResults {
				low := "nil"
				if r.DeletedRecords != nil {
					low = fmt.Sprint(int64(r.DeletedRecords.LowWatermark))
				}
				t.P("%s: %s low %s", label, tpf(r.TopicPartition), low)
			}
		}
		del("none")
		del("negative", tpo(topic, 0, -5))
		del("invalid", tpo(topic, 0, kafka.OffsetInvalid))
		del("beginning", tpo(topic, 0, kafka.OffsetBeginning))
		del("partition -1", tpo(topic, -1, 1))
		del("beyond the end", tpo(topic, 0, 9))
		del("zero", tpo(topic, 0, 0))
		del("the same twice", tpo(topic, 0, 1), tpo(topic, 0, 2))
		del("two", tpo(topic, 1, 0), tpo(topic, 0, 3))
		del("below the start", tpo(topic, 0, 1))
		del("the end", tpo(topic, 0, kafka.OffsetEnd))
		del("unknown topic", tpo(t.Name("none"), 0, 1), tpo(topic, 1, kafka.OffsetEnd))
		c := t.Consumer(t.Name("group"))
		lo, hi, err := c.QueryWatermarkOffsets(topic, 0, 10000)
		t.P("watermarks %d %d %s", lo, hi, ef(err))
	})

	reg("records.elect_checks", func(t *T) {
		a := t.Admin()
		ctx, cancel := ctxSec(40)
		defer cancel()
		topic := t.Topic("topic", 2)
		elect := func(label string, k kafka.ElectionType, ps []kafka.TopicPartition, opts ...kafka.ElectLeadersAdminOption) {
			res, err := a.ElectLeaders(ctx, kafka.NewElectLeadersRequest(k, ps), opts...)
			t.ErrT(label, err)
			t.P("%s: %s", label, tpsf(res.TopicPartitions))
			for _, p := range res.TopicPartitions {
				if p.Error != nil {
					t.Text("%s: %s", label, p.Error)
				}
			}
		}
		elect("type 7", kafka.ElectionType(7), []kafka.TopicPartition{tp(topic, 0)})
		elect("the same twice", kafka.ElectionTypePreferred, []kafka.TopicPartition{tp(topic, 0), tp(topic, 0)})
		elect("unknown topic", kafka.ElectionTypePreferred, []kafka.TopicPartition{tp(t.Name("none"), 0), tp(topic, 1)})
		elect("partition -1", kafka.ElectionTypeUnclean, []kafka.TopicPartition{tp(topic, -1)})
		elect("operation timeout", kafka.ElectionTypeUnclean, []kafka.TopicPartition{tp(topic, 1)}, kafka.SetAdminOperationTimeout(5*time.Second), kafka.SetAdminRequestTimeout(9*time.Second))
		elect("with an offset", kafka.ElectionTypePreferred, []kafka.TopicPartition{tpo(topic, 1, 7)})
	})
}
