package kafka

import "fmt"

// Event is what Poll and the Events channels give: a *Message, an Error, a PartitionEOF, OffsetsCommitted, *Stats,
// OAuthBearerTokenRefresh, and on the Events channel of a consumer AssignedPartitions and RevokedPartitions.
type Event interface {
	String() string
}

// PartitionEOF says that a consumer reached the end of a partition: Offset is where the next message will be, Error
// an Error of code ErrPartitionEOF. It comes only with enable.partition.eof, once for every end reached.
type PartitionEOF TopicPartition

// String returns "EOF at topic[partition]@offset(error)".
func (p PartitionEOF) String() string { return "EOF at " + TopicPartition(p).String() }

// AssignedPartitions are the partitions that a rebalance gave to a consumer.
type AssignedPartitions struct {
	Partitions []TopicPartition
}

// String returns the partitions, for logs.
func (e AssignedPartitions) String() string {
	return fmt.Sprintf("AssignedPartitions: %v", e.Partitions)
}

// RevokedPartitions are the partitions that a rebalance takes from a consumer.
type RevokedPartitions struct {
	Partitions []TopicPartition
}

// String returns the partitions, for logs.
func (e RevokedPartitions) String() string { return fmt.Sprintf("RevokedPartitions: %v", e.Partitions) }

// OffsetsCommitted is the result of a commit that no call waited for: an automatic one or a CommitAsync.
type OffsetsCommitted struct {
	Error   error // of the commit as a whole
	Offsets []TopicPartition
}

// String returns the error and the offsets, for logs.
func (o OffsetsCommitted) String() string {
	return fmt.Sprintf("OffsetsCommitted (%v, %v)", o.Error, o.Offsets)
}

// OAuthBearerTokenRefresh asks the application for a token: it answers with SetOAuthBearerToken or
// SetOAuthBearerTokenFailure. Config is the value of sasl.oauthbearer.config.
type OAuthBearerTokenRefresh struct {
	Config string
}

// String returns the name of the event.
func (o OAuthBearerTokenRefresh) String() string { return "OAuthBearerTokenRefresh" }

// Stats are the statistics that statistics.interval.ms asks for.
type Stats struct {
	statsJSON string
}

// String returns the statistics as one JSON object, with librdkafka's names and units.
func (e Stats) String() string { return e.statsJSON }
