package platform

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"slices"

	"signdesk/actions/platform/picture"
)

// FileUse is what a picture is uploaded for; it decides which pictures are
// taken.
type FileUse string

// Uses of pictures.
const (
	FileLicence FileUse = "Licence"
	FileIDCard  FileUse = "IDCard"
	FileLetter  FileUse = "Letter"
	FileSeal    FileUse = "Seal"
)

// Limits of pictures, as printed: R02.9-11 and R12.30-32. Seals: G7.
var (
	certificationRules = fileRules{picture.Rules{Types: []string{"jpeg", "png"}, MaxBytes: 10 * picture.Mega}, "仅用于上上签实名认证", "R02.9", "R02.10", "R02.11"}
	letterRules        = fileRules{picture.Rules{Types: []string{"jpeg", "png", "bmp"}, MaxBytes: 15 * picture.Mega}, "用于上上签实名认证", "R12.30", "R12.31", "R12.32"}
	sealRules          = fileRules{picture.Rules{Types: []string{"jpeg", "png"}, MaxBytes: 10 * picture.Mega}, "", "R16.4", "R16.4", ""}

	rulesOf = map[FileUse]fileRules{FileLicence: certificationRules, FileIDCard: certificationRules, FileLetter: letterRules, FileSeal: sealRules}
)

type fileRules struct {
	picture.Rules
	watermark                        string // the only one taken; "" if watermarks are not looked at
	typeRule, sizeRule, wateringRule string
}

// Upload checks a picture, reads what is on it, and keeps it for the actor to
// use in forms.
func (p *Platform) Upload(ctx context.Context, act *Act, use FileUse, data []byte) (*UploadedFile, error) {
	rules, ok := rulesOf[use]
	if !ok {
		return nil, refuse(NotFound, "")
	}
	info, err := picture.Check(data, rules.Rules)
	if err != nil {
		return nil, rules.refusal(err)
	}
	reading, err := p.ports.Recogniser.Read(ctx, data)
	if err != nil {
		return nil, &PortError{"recogniser", err}
	}
	mark := NoWatermark
	if rules.watermark != "" && reading.WatermarkText != "" {
		if mark = AllowedWatermark; reading.WatermarkText != rules.watermark {
			return nil, refuse(BadWatermark, rules.wateringRule, "allowed", rules.watermark)
		}
	}
	sum := sha256.Sum256(data)
	name := hex.EncodeToString(sum[:])
	if err := p.ports.Files.Put(ctx, name, data); err != nil {
		return nil, &PortError{"files", err}
	}
	return Do(ctx, p, act, func(t *Tx) (*UploadedFile, error) {
		defer t.in("file.upload")()
		f := &UploadedFile{ID: newID[FileID](t, "F-"), Use: use, Mime: info.Mime, Size: len(data), SHA256: name,
			Reading: reading, Watermark: mark, Owner: t.by.String()}
		files.save(t, f)
		return f, t.err
	})
}

// Picture returns the bytes of a picture, to staff who review a case.
func (p *Platform) Picture(ctx context.Context, act *Act, id FileID) ([]byte, error) {
	if act.By.Staff == "" {
		return nil, refuse(NoRight, "R07.5")
	}
	var name string
	err := p.ViewAs(ctx, act, func(t *Tx) error {
		f := files.get(t, id)
		if f == nil {
			return t.failure(refuse(NotFound, ""))
		}
		name = f.SHA256
		return t.err
	})
	if err != nil {
		return nil, err
	}
	raw, err := p.ports.Files.Get(ctx, name)
	if err != nil {
		return nil, &PortError{"files", err}
	}
	return raw, nil
}

func (r fileRules) refusal(err error) *Refusal {
	switch {
	case errors.Is(err, picture.ErrSize):
		return refuse(ImageTooBig, r.sizeRule, "limit", map[int]string{10 * picture.Mega: "10M", 15 * picture.Mega: "15M"}[r.MaxBytes])
	case errors.Is(err, picture.ErrPixels):
		return refuse(TooManyPixels, r.sizeRule)
	case errors.Is(err, picture.ErrBroken):
		return refuse(BrokenImage, r.typeRule)
	}
	types := "jpeg、jpg、png"
	if slices.Contains(r.Types, "bmp") {
		types += "、bmp"
	}
	return refuse(BadImageType, r.typeRule, "types", types)
}

// ownFile returns a picture that the actor uploaded for that use.
func (t *Tx) ownFile(id FileID, use FileUse, rule string) (*UploadedFile, *Refusal) {
	if id == "" {
		return nil, refuse(MissingField, rule, "field", string(use))
	}
	f := files.get(t, id)
	if f == nil || f.Use != use || f.Owner != t.by.String() {
		return nil, refuse(NotFound, rule)
	}
	return f, nil
}
