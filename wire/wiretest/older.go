// Package wiretest speaks older protocols in tests: a program of then knows the messages of that protocol's image and nothing newer.
package wiretest

import (
	"fmt"
	"os"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/dynamicpb"
)

// Older speaks one protocol.
type Older struct{ files *protoregistry.Files }

// Open reads a protocol's image as buf made it (wire/testdata/cardea-PROTOCOL.binpb).
func Open(image string) (*Older, error) {
	b, err := os.ReadFile(image)
	if err != nil {
		return nil, err
	}
	var set descriptorpb.FileDescriptorSet
	if err := proto.Unmarshal(b, &set); err != nil {
		return nil, fmt.Errorf("%s: %w", image, err)
	}
	files, err := protodesc.NewFiles(&set)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", image, err)
	}
	return &Older{files}, nil
}

func (o *Older) message(name string) (*dynamicpb.Message, error) {
	d, err := o.files.FindDescriptorByName(protoreflect.FullName("cardea.v1." + name))
	if err != nil {
		return nil, fmt.Errorf("message %s: %w", name, err)
	}
	m, ok := d.(protoreflect.MessageDescriptor)
	if !ok {
		return nil, fmt.Errorf("%s is no message", name)
	}
	return dynamicpb.NewMessage(m), nil
}

// Bytes makes a message of its JSON form; a field that the protocol did not have is an error.
func (o *Older) Bytes(name, text string) ([]byte, error) {
	m, err := o.message(name)
	if err != nil {
		return nil, err
	}
	if err := protojson.Unmarshal([]byte(text), m); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return proto.Marshal(m)
}

// JSON is what it understands of a message.
func (o *Older) JSON(name string, data []byte) ([]byte, error) {
	m, err := o.read(name, data)
	if err != nil {
		return nil, err
	}
	return protojson.Marshal(m)
}

// Known are a message's bytes without what it does not understand.
func (o *Older) Known(name string, data []byte) ([]byte, error) {
	m, err := o.read(name, data)
	if err != nil {
		return nil, err
	}
	return proto.Marshal(m)
}

func (o *Older) read(name string, data []byte) (*dynamicpb.Message, error) {
	m, err := o.message(name)
	if err != nil {
		return nil, err
	}
	if err := (proto.UnmarshalOptions{DiscardUnknown: true}).Unmarshal(data, m); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return m, nil
}
