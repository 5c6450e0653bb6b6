package kdbx

import (
	"bytes"
	"errors"
	"io"

	"github.com/klauspost/compress/gzip"

	"github.com/tideover/tideover/vault"
)

func (d *decoder) meta() error {
	m := &d.doc.Meta
	return d.children(place{&m.Unknown, knownInMeta}, func(el element) (err error) {
		var n int64
		switch el {
		case elGenerator:
			m.Generator, err = d.str()
		case elHeaderHash:
			m.HeaderHash, err = d.data()
		case elSettingsChanged:
			m.SettingsChanged, err = d.time()
		case elDatabaseName:
			m.Name, err = d.str()
		case elDatabaseNameChanged:
			m.NameChanged, err = d.time()
		case elDatabaseDescription:
			m.Description, err = d.str()
		case elDatabaseDescriptionChanged:
			m.DescriptionChanged, err = d.time()
		case elDefaultUserName:
			m.DefaultUsername, err = d.str()
		case elDefaultUserNameChanged:
			m.DefaultUsernameChanged, err = d.time()
		case elMaintenanceHistoryDays:
			var days uint64
			days, err = d.unsigned(32)
			m.MaintenanceHistoryDays = uint32(days)
		case elColor:
			m.Color, err = d.word()
		case elMasterKeyChanged:
			m.MasterKeyChanged, err = d.time()
		case elMasterKeyChangeRec:
			m.MasterKeyChangeRec, err = d.number(64, m.MasterKeyChangeRec)
		case elMasterKeyChangeForce:
			m.MasterKeyChangeForce, err = d.number(64, m.MasterKeyChangeForce)
		case elMasterKeyChangeForceOnce:
			m.MasterKeyChangeForceOnce, err = d.boolean(false)
		case elMemoryProtection:
			err = d.memoryProtection(&m.MemoryProtection)
		case elCustomIcons:
			err = d.each(elIcon, d.icon)
		case elRecycleBinEnabled:
			m.RecycleBinEnabled, err = d.boolean(true)
		case elRecycleBinUUID:
			m.RecycleBin, err = d.id()
		case elRecycleBinChanged:
			m.RecycleBinChanged, err = d.time()
		case elEntryTemplatesGroup:
			m.EntryTemplatesGroup, err = d.id()
		case elEntryTemplatesGroupChanged:
			m.EntryTemplatesGroupChanged, err = d.time()
		case elHistoryMaxItems:
			n, err = d.number(32, int64(m.HistoryMaxItems))
			m.HistoryMaxItems = int32(n)
		case elHistoryMaxSize:
			m.HistoryMaxSizeBytes, err = d.number(64, m.HistoryMaxSizeBytes)
		case elLastSelectedGroup:
			m.LastSelectedGroup, err = d.id()
		case elLastTopVisibleGroup:
			m.LastTopVisibleGroup, err = d.id()
		case elBinaries:
			err = d.each(elBinary, d.metaBinary)
		case elCustomData:
			err = d.customData(&m.CustomData)
		default:
			err = errNotHere
		}
		return err
	})
}

// each calls child for every element inside the current one, which must all be
// of one kind.
func (d *decoder) each(kind element, child func() error) error {
	return d.children(place{}, func(el element) error {
		if el != kind {
			return errNotHere
		}
		return child()
	})
}

func (d *decoder) memoryProtection(p *MemoryProtection) error {
	return d.children(place{}, func(el element) (err error) {
		switch el {
		case elProtectTitle:
			p.Title, err = d.boolean(p.Title)
		case elProtectUserName:
			p.Username, err = d.boolean(p.Username)
		case elProtectPassword:
			p.Password, err = d.boolean(p.Password)
		case elProtectURL:
			p.URL, err = d.boolean(p.URL)
		case elProtectNotes:
			p.Notes, err = d.boolean(p.Notes)
		case elAutoEnableVisualHiding:
			_, err = d.boolean(false) // KeePass 2 has not looked at it since 2.0
		default:
			err = errNotHere
		}
		return err
	})
}

func (d *decoder) icon() error {
	var icon vault.CustomIcon
	err := d.children(place{}, func(el element) (err error) {
		switch el {
		case elUUID:
			icon.ID, err = d.id()
		case elData:
			icon.Data, err = d.data()
		case elName:
			icon.Name, err = d.str()
		case elLastModificationTime:
			icon.Modified, err = d.time()
		default:
			err = errNotHere
		}
		return err
	})
	if err == nil {
		err = d.mem.charge(itemWeight)
	}
	d.doc.Meta.CustomIcons = append(d.doc.Meta.CustomIcons, icon)
	return err
}

// data reads base64.
func (d *decoder) data() ([]byte, error) {
	t, err := d.text()
	if err != nil {
		return nil, err
	}
	return d.base64(t)
}

func (d *decoder) customData(list *[]vault.CustomDatum) error {
	return d.each(elItem, func() error {
		var item vault.CustomDatum
		err := d.children(place{}, func(el element) (err error) {
			switch el {
			case elKey:
				item.Key, err = d.word()
			case elValue:
				item.Value, err = d.str()
			case elLastModificationTime:
				item.Modified, err = d.time()
			default:
				err = errNotHere
			}
			return err
		})
		if err == nil {
			err = d.mem.charge(itemWeight)
		}
		*list = append(*list, item)
		return err
	})
}

// metaBinary reads one attachment of KDBX 3.1 or of an export.
func (d *decoder) metaBinary() error {
	id := d.attr.id
	switch {
	case d.inMeta == nil:
		return d.fault("attachments in Meta")
	case id < 0:
		return d.fault("attachment without an ID")
	case d.inMeta[id] != nil:
		return d.fault("two attachments of one ID")
	case len(d.inMeta) == d.lim.Attachments:
		return hostile("XML: more than %d attachments", d.lim.Attachments)
	}
	b, err := d.inlineBinary()
	d.inMeta[id] = b
	return err
}

// inlineBinary reads the text of the current element as an attachment.
func (d *decoder) inlineBinary() (*vault.Binary, error) {
	attr := d.attr
	text, err := d.scanner.text()
	if err != nil {
		return nil, err
	}
	if err := d.mem.charge(binaryWeight); err != nil {
		return nil, err
	}
	b := &vault.Binary{Protected: attr.protected || attr.inMemory}
	b.Data, err = d.base64(text)
	if err != nil {
		return nil, err
	}
	if attr.protected && d.stream != nil {
		d.stream.XORKeyStream(b.Data, b.Data)
	}
	if attr.compressed {
		b.Data, err = d.gunzip(b.Data)
	}
	return b, err
}

// gunzip decompresses one attachment, within the memory that is left.
func (d *decoder) gunzip(packed []byte) ([]byte, error) {
	zip, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, damaged("attachment: %w", err)
	}
	data := []byte{}
	for {
		if len(data) == cap(data) {
			grow := max(payloadBufferBytes, len(data))
			if err := d.mem.charge(int64(grow)); err != nil {
				return nil, err
			}
			bigger := make([]byte, len(data), len(data)+grow)
			copy(bigger, data)
			clear(data)
			data = bigger
		}
		n, err := zip.Read(data[len(data):cap(data)])
		data = data[:len(data)+n]
		if errors.Is(err, io.EOF) {
			d.mem.adopt(data)
			return data, nil
		}
		if err != nil {
			return nil, damaged("attachment: %w", err)
		}
	}
}
