package main

import (
	"fmt"
	"sort"
	"time"

	"github.com/confluentinc/confluent-kafka-go/v2/kafka"
)

func init() {
	binding := func(topic string) kafka.ACLBinding {
		return kafka.ACLBinding{Type: kafka.ResourceTopic, Name: topic, ResourcePatternType: kafka.ResourcePatternTypeLiteral, Principal: "User:nobody",
			Host: "*", Operation: kafka.ACLOperationRead, PermissionType: kafka.ACLPermissionTypeDeny}
	}
	// changed are copies of a binding with one field changed each.
	type changed struct {
		label string
		b     kafka.ACLBinding
	}
	change := func(b kafka.ACLBinding) (cs []changed) {
		add := func(label string, f func(*kafka.ACLBinding)) {
			c := b
			f(&c)
			cs = append(cs, changed{label, c})
		}
		add("type unknown", func(b *kafka.ACLBinding) { b.Type = kafka.ResourceUnknown })
		add("type any", func(b *kafka.ACLBinding) { b.Type = kafka.ResourceAny })
		add("type 77", func(b *kafka.ACLBinding) { b.Type = 77 })
		add("type -1", func(b *kafka.ACLBinding) { b.Type = -1 })
		add("no name", func(b *kafka.ACLBinding) { b.Name = "" })
		add("pattern unknown", func(b *kafka.ACLBinding) { b.ResourcePatternType = kafka.ResourcePatternTypeUnknown })
		add("pattern any", func(b *kafka.ACLBinding) { b.ResourcePatternType = kafka.ResourcePatternTypeAny })
		add("pattern match", func(b *kafka.ACLBinding) { b.ResourcePatternType = kafka.ResourcePatternTypeMatch })
		add("pattern 77", func(b *kafka.ACLBinding) { b.ResourcePatternType = 77 })
		add("no principal", func(b *kafka.ACLBinding) { b.Principal = "" })
		add("no host", func(b *kafka.ACLBinding) { b.Host = "" })
		add("operation unknown", func(b *kafka.ACLBinding) { b.Operation = kafka.ACLOperationUnknown })
		add("operation any", func(b *kafka.ACLBinding) { b.Operation = kafka.ACLOperationAny })
		add("operation 77", func(b *kafka.ACLBinding) { b.Operation = 77 })
		add("permission unknown", func(b *kafka.ACLBinding) { b.PermissionType = kafka.ACLPermissionTypeUnknown })
		add("permission any", func(b *kafka.ACLBinding) { b.PermissionType = kafka.ACLPermissionTypeAny })
		add("permission 77", func(b *kafka.ACLBinding) { b.PermissionType = 77 })
		return cs
	}

	reg("acls.create_local_checks", func(t *T) {
		a := t.Admin("bootstrap.servers", nowhere, "log_level", 0)
		ctx, cancel := ctxSec(30)
		defer cancel()
		for _, c := range change(binding("t")) {
			rs, err := a.CreateACLs(ctx, kafka.ACLBindings{c.b}, kafka.SetAdminRequestTimeout(100*time.Millisecond))
			t.ErrT(c.label, err)
			t.P("%s: nil %v", c.label, rs == nil)
		}
		good, bad := binding("t"), binding("")
		_, err := a.CreateACLs(ctx, kafka.ACLBindings{good, bad})
		t.ErrT("the second one is wrong", err)
	})

	reg("acls.filter_local_checks", func(t *T) {
		a := t.Admin("bootstrap.servers", nowhere, "log_level", 0)
		ctx, cancel := ctxSec(30)
		defer cancel()
		for _, c := range change(binding("t")) {
			res, err := a.DescribeACLs(ctx, c.b, kafka.SetAdminRequestTimeout(50*time.Millisecond))
			t.ErrT("describe "+c.label, err)
			t.P("%s: nil %v", c.label, res == nil)
			del, err := a.DeleteACLs(ctx, kafka.ACLBindingFilters{c.b}, kafka.SetAdminRequestTimeout(50*time.Millisecond))
			t.ErrT("delete "+c.label, err)
			t.P("%s: nil %v", c.label, del == nil)
		}
	})

	reg("acls.kinds", func(t *T) {
		a := t.Admin()
		ctx, cancel := ctxSec(50)
		defer cancel()
		principal := "User:" + t.Name("nobody")
		var all kafka.ACLBindings
		for i, k := range []kafka.ResourceType{kafka.ResourceTopic, kafka.ResourceGroup, kafka.ResourceTransactionalID} {
			for j, p := range []kafka.ResourcePatternType{kafka.ResourcePatternTypeLiteral, kafka.ResourcePatternTypePrefixed} {
				all = append(all, kafka.ACLBinding{Type: k, Name: t.Name(fmt.Sprintf("n%d%d", i, j)), ResourcePatternType: p, Principal: principal, Host: "10.0.0.1", Operation: kafka.ACLOperationDescribe, PermissionType: kafka.ACLPermissionTypeAllow})
			}
		}
		all = append(all, all[0])
		odd := all[0]
		odd.Operation = kafka.ACLOperationClusterAction // not for topics
		all = append(all, odd)
		rs, err := a.CreateACLs(ctx, all, kafka.SetAdminRequestTimeout(20*time.Second))
		t.ErrT("create", err)
		for _, r := range rs {
			t.P("create %s", kef(r.Error))
			t.Text("create %s", r.Error)
		}
		any := kafka.ACLBindingFilter{Type: kafka.ResourceAny, ResourcePatternType: kafka.ResourcePatternTypeAny, Principal: principal, Operation: kafka.ACLOperationAny, PermissionType: kafka.ACLPermissionTypeAny}
		waitFor(10*time.Second, func() bool {
			res, err := a.DescribeACLs(ctx, any)
			return err == nil && len(res.ACLBindings) >= 6
		})
		show := func(label string, f kafka.ACLBindingFilter) {
			res, err := a.DescribeACLs(ctx, f, kafka.SetAdminRequestTimeout(20*time.Second))
			t.ErrT(label, err)
			if err != nil {
				return
			}
			t.P("%s: %s nil %v", label, kef(res.Error), res.ACLBindings == nil)
			sort.Sort(res.ACLBindings)
			for _, b := range res.ACLBindings {
				t.P("%s: %v", label, b)
			}
		}
		show("any", any)
		only := any
		only.Type = kafka.ResourceGroup
		show("groups", only)
		only = any
		only.ResourcePatternType = kafka.ResourcePatternTypePrefixed
		show("prefixed", only)
		only = any
		only.Type, only.ResourcePatternType, only.Name = kafka.ResourceTopic, kafka.ResourcePatternTypeMatch, all[1].Name+"-more"
		show("match", only)
		only = any
		only.Host = "10.0.0.2"
		show("another host", only)
		one := any
		one.Name = all[0].Name
		none := any
		none.Name = t.Name("none")
		del, err := a.DeleteACLs(ctx, kafka.ACLBindingFilters{none, one, any}, kafka.SetAdminRequestTimeout(20*time.Second))
		t.ErrT("delete", err)
		for i, r := range del {
			t.P("delete %d: %s nil %v", i, kef(r.Error), r.ACLBindings == nil)
			sort.Sort(r.ACLBindings)
			for _, b := range r.ACLBindings {
				t.P("delete %d: %v", i, b)
			}
		}
		waitFor(10*time.Second, func() bool {
			res, err := a.DescribeACLs(ctx, any)
			return err == nil && len(res.ACLBindings) == 0
		})
		show("in the end", any)
	})

	reg("acls.sorting", func(t *T) {
		b := binding("t")
		bs := kafka.ACLBindings{b, b, b, b, b, b, b, b}
		bs[1].Type = kafka.ResourceGroup
		bs[2].Name = "a"
		bs[3].ResourcePatternType = kafka.ResourcePatternTypePrefixed
		bs[4].Principal = "User:a"
		bs[5].Host = "!"
		bs[6].Operation = kafka.ACLOperationAll
		bs[7].PermissionType = kafka.ACLPermissionTypeAllow
		for i := range bs {
			for j := range bs {
				if bs.Less(i, j) {
					t.P("%d before %d", i, j)
				}
			}
		}
		sort.Sort(bs)
		t.P("%v", bs)
		t.P("%d", bs.Len())
	})
}
