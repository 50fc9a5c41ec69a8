package privacy_test

import (
	"context"
	"maps"
	"path/filepath"
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/dynamicpb"

	envelopev1 "github.com/ostiary/ostiary/proto/gen/ostiary/envelope/v1"

	"github.com/ostiary/ostiary/libs/privacy"
)

// sample has personal values wherever a message can have them:
//
//	message Sample {
//	  string person = 1 [subject];      string note = 2 [personal];
//	  repeated string aliases = 3 [personal];
//	  map<string, string> phones = 4 [personal];
//	  repeated Sample relatives = 5;    map<string, Sample> contacts = 6;
//	  Sample delegate = 7;              string plain = 8;
//	  map<string, string> tags = 9;
//	}
//
//	message Wrong { string person = 1 [subject]; int32 age = 2 [personal]; }
type sample struct {
	sample, wrong protoreflect.MessageDescriptor
}

func newSample(tb testing.TB) sample {
	tb.Helper()
	field := func(name string, number int32, kind descriptorpb.FieldDescriptorProto_Type, label descriptorpb.FieldDescriptorProto_Label, typeName string, option protoreflect.ExtensionType) *descriptorpb.FieldDescriptorProto {
		f := &descriptorpb.FieldDescriptorProto{Name: &name, Number: &number, Type: &kind, Label: &label, Options: &descriptorpb.FieldOptions{}}
		if typeName != "" {
			f.TypeName = &typeName
		}
		if option != nil {
			proto.SetExtension(f.Options, option, true)
		}
		return f
	}
	const (
		text, msg, number = descriptorpb.FieldDescriptorProto_TYPE_STRING, descriptorpb.FieldDescriptorProto_TYPE_MESSAGE, descriptorpb.FieldDescriptorProto_TYPE_INT32
		one, many         = descriptorpb.FieldDescriptorProto_LABEL_OPTIONAL, descriptorpb.FieldDescriptorProto_LABEL_REPEATED
	)
	entry := func(name string, value *descriptorpb.FieldDescriptorProto) *descriptorpb.DescriptorProto {
		return &descriptorpb.DescriptorProto{
			Name:    &name,
			Options: &descriptorpb.MessageOptions{MapEntry: proto.Bool(true)},
			Field:   []*descriptorpb.FieldDescriptorProto{field("key", 1, text, one, "", nil), value},
		}
	}
	fd, err := protodesc.NewFile(&descriptorpb.FileDescriptorProto{
		Name: proto.String("sample.proto"), Package: proto.String("test"), Syntax: proto.String("proto3"),
		MessageType: []*descriptorpb.DescriptorProto{
			{
				Name: proto.String("Sample"),
				Field: []*descriptorpb.FieldDescriptorProto{
					field("person", 1, text, one, "", envelopev1.E_Subject),
					field("note", 2, text, one, "", envelopev1.E_Personal),
					field("aliases", 3, text, many, "", envelopev1.E_Personal),
					field("phones", 4, msg, many, ".test.Sample.PhonesEntry", envelopev1.E_Personal),
					field("relatives", 5, msg, many, ".test.Sample", nil),
					field("contacts", 6, msg, many, ".test.Sample.ContactsEntry", nil),
					field("delegate", 7, msg, one, ".test.Sample", nil),
					field("plain", 8, text, one, "", nil),
					field("tags", 9, msg, many, ".test.Sample.TagsEntry", nil),
				},
				NestedType: []*descriptorpb.DescriptorProto{
					entry("PhonesEntry", field("value", 2, text, one, "", nil)),
					entry("ContactsEntry", field("value", 2, msg, one, ".test.Sample", nil)),
					entry("TagsEntry", field("value", 2, text, one, "", nil)),
				},
			},
			{
				Name: proto.String("Wrong"),
				Field: []*descriptorpb.FieldDescriptorProto{
					field("person", 1, text, one, "", envelopev1.E_Subject),
					field("age", 2, number, one, "", envelopev1.E_Personal),
				},
			},
		},
	}, nil)
	if err != nil {
		tb.Fatal(err)
	}
	return sample{sample: fd.Messages().ByName("Sample"), wrong: fd.Messages().ByName("Wrong")}
}

// values fills a message: string, []string, map[string]string, or messages.
type values map[string]any

func (s sample) make(v values) *dynamicpb.Message {
	m := dynamicpb.NewMessage(s.sample)
	for name, value := range maps.All(v) {
		fd := s.sample.Fields().ByName(protoreflect.Name(name))
		switch x := value.(type) {
		case string:
			m.Set(fd, protoreflect.ValueOfString(x))
		case []string:
			for _, e := range x {
				m.Mutable(fd).List().Append(protoreflect.ValueOfString(e))
			}
		case map[string]string:
			for key, e := range x {
				m.Mutable(fd).Map().Set(protoreflect.ValueOfString(key).MapKey(), protoreflect.ValueOfString(e))
			}
		case []values:
			for _, e := range x {
				m.Mutable(fd).List().Append(protoreflect.ValueOfMessage(s.make(e)))
			}
		case map[string]values:
			for key, e := range x {
				m.Mutable(fd).Map().Set(protoreflect.ValueOfString(key).MapKey(), protoreflect.ValueOfMessage(s.make(e)))
			}
		case values:
			m.Set(fd, protoreflect.ValueOfMessage(s.make(x)))
		}
	}
	return m
}

func newKEK(tb testing.TB) *privacy.KEK {
	tb.Helper()
	kek, err := privacy.LoadOrCreateKEK(filepath.Join(tb.TempDir(), "kek"))
	if err != nil {
		tb.Fatal(err)
	}
	return kek
}

func newKeyring(tb testing.TB) *privacy.Keyring {
	tb.Helper()
	return privacy.NewKeyring(newKEK(tb), privacy.NewMemory())
}

func sealed(tb testing.TB, k *privacy.Keyring, m proto.Message) proto.Message {
	tb.Helper()
	c := proto.Clone(m)
	if err := k.Seal(context.Background(), c); err != nil {
		tb.Fatal(err)
	}
	return c
}
