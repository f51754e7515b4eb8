package kafka

import (
	"bytes"
	"encoding/binary"
)

// ConsumerGroupMetadata identifies a consumer's membership to [Producer.SendOffsetsToTransaction].
//
// It is kept in the byte form that the peer's C library uses, because that is what the type is there: an opaque value
// that can be handed on.
type ConsumerGroupMetadata struct {
	serialized []byte
}

// groupMember is what a ConsumerGroupMetadata says.
type groupMember struct {
	group      string
	generation int32
	member     string
	instance   *string
}

const groupMetadataMagic = "CGMDv2:"

func (m groupMember) serialize() []byte {
	b := append([]byte(groupMetadataMagic), binary.NativeEndian.AppendUint32(nil, uint32(m.generation))...)
	b = append(append(b, m.group...), 0)
	b = append(append(b, m.member...), 0)
	if m.instance == nil {
		return append(b, 1)
	}
	b = append(b, 0)
	return append(append(b, *m.instance...), 0)
}

// parse reads what serialize wrote.
func (m *ConsumerGroupMetadata) parse() (groupMember, error) {
	bad := newErrorf(ErrBadMsg, "Input buffer is not a serialized group metadata object")
	rest, ok := bytes.CutPrefix(m.serialized, []byte(groupMetadataMagic))
	if !ok || len(rest) < 4 {
		return groupMember{}, bad
	}
	g := groupMember{generation: int32(binary.NativeEndian.Uint32(rest))}
	group, rest, ok1 := bytes.Cut(rest[4:], []byte{0})
	member, rest, ok2 := bytes.Cut(rest, []byte{0})
	if !ok1 || !ok2 || len(rest) < 1 {
		return groupMember{}, bad
	}
	g.group, g.member = string(group), string(member)
	if rest[0] == 0 {
		instance, _, ok := bytes.Cut(rest[1:], []byte{0})
		if !ok {
			return groupMember{}, bad
		}
		s := string(instance)
		g.instance = &s
	}
	return g, nil
}

// GetConsumerGroupMetadata returns the consumer's current membership, for [Producer.SendOffsetsToTransaction]. It may
// be called before the consumer has joined; get it anew for every transaction.
func (c *Consumer) GetConsumerGroupMetadata() (*ConsumerGroupMetadata, error) {
	if err := c.client.verify(); err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.groupMetadataLocked(), nil
}

func (c *Consumer) groupMetadataLocked() *ConsumerGroupMetadata {
	m := groupMember{group: c.groupID, generation: c.group.generation, member: c.group.memberID}
	if c.instanceID != "" {
		m.instance = &c.instanceID
	}
	return &ConsumerGroupMetadata{m.serialize()}
}

// NewTestConsumerGroupMetadata makes the metadata of a group without a member, for tests.
func NewTestConsumerGroupMetadata(groupID string) (*ConsumerGroupMetadata, error) {
	return &ConsumerGroupMetadata{groupMember{group: groupID, generation: -1}.serialize()}, nil
}
