package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"signdesk/actions/platform"
	"signdesk/actions/platform/value"
)

const pictureMode = 0o600

// review lets staff decide about letters and certifications at a terminal:
// without arguments it lists what waits, with an id it shows one, and writes its
// picture where told.
func review(ctx context.Context, s *service, args []string, io std) error {
	switch {
	case len(args) == 0:
		return listReviews(ctx, s, io)
	case len(args) <= 2 && (len(args) == 1 || args[1] != "pass" && args[1] != "reject"):
		return showReview(ctx, s, args, io)
	case args[1] != "pass" && args[1] != "reject":
		return errors.New("want: signdesk review [ID [FILE | pass | reject REASON]]")
	}
	act := s.platform.NewAct(platform.Actor{Staff: "terminal"}, "")
	err := s.platform.Run(ctx, act, func(t *platform.Tx) error {
		return t.Decide(platform.ReviewID(args[0]), args[1] == "pass", strings.Join(args[2:], " "))
	})
	var r *platform.Refusal
	if errors.As(err, &r) {
		return fmt.Errorf("%s (%s)", s.words.Explain(r), r.Code)
	}
	if err == nil {
		fmt.Fprintln(io.out, "已处理，结果会通知申请人")
	}
	return err
}

func listReviews(ctx context.Context, s *service, io std) error {
	return s.platform.View(ctx, func(t *platform.Tx) error {
		list := t.OpenReviews()
		for _, q := range list {
			fmt.Fprintf(io.out, "%s  %s  最晚 %s\n", q.ID, reviewMatter(s, t, q), local(q.DueAt))
		}
		if len(list) == 0 {
			fmt.Fprintln(io.out, "没有待审核的事项")
		}
		return t.Err()
	})
}

// reviewMatter tells in a line what a review is about.
func reviewMatter(s *service, t *platform.Tx, q *platform.ReviewTask) string {
	var causes []string
	for _, c := range q.Causes {
		causes = append(causes, s.words.Term(s.words.Terms, "cause"+string(c)))
	}
	return s.words.Term(s.words.Terms, "case"+string(q.Subject.Kind)) + "（" + strings.Join(causes, "、") + "）"
}

// showReview shows a review; a second argument is the file for its picture.
func showReview(ctx context.Context, s *service, args []string, io std) error {
	var file platform.FileID
	err := s.platform.View(ctx, func(t *platform.Tx) error {
		for _, q := range t.OpenReviews() {
			if string(q.ID) != args[0] {
				continue
			}
			fmt.Fprintf(io.out, "%s  %s  最晚 %s\n", q.ID, reviewMatter(s, t, q), local(q.DueAt))
			var lines []string
			if lines, file = reviewDetails(s, t, q); len(lines) > 0 {
				fmt.Fprintln(io.out, strings.Join(lines, "\n"))
			}
			return t.Err()
		}
		return fmt.Errorf("no open review %s", args[0])
	})
	if err != nil || len(args) < 2 {
		return err
	}
	raw, err := s.platform.Picture(ctx, s.platform.NewAct(platform.Actor{Staff: "terminal"}, ""), file)
	if err != nil {
		return err
	}
	if err := os.WriteFile(args[1], raw, pictureMode); err != nil {
		return err
	}
	fmt.Fprintf(io.out, "图片已写入 %s\n", args[1])
	return nil
}

// reviewDetails are what was read from the letter or the licence of a review, and
// its picture.
func reviewDetails(s *service, t *platform.Tx, q *platform.ReviewTask) (lines []string, file platform.FileID) {
	if l := t.LetterInReview(q.Subject); l != nil {
		f := l.Fields
		lines = append(lines, fmt.Sprintf("《%s》 编号 %s-%s", l.Title, l.ID, l.FieldsHash[:8]), fmt.Sprintf("授权单位 %s  %s  法定代表人 %s", f.Company, f.Registration, f.LegalRep),
			fmt.Sprintf("被授权人 %s %s  日期 %s", f.GranteeName, value.Mask(f.GranteeAccount), f.Date))
		file = l.UploadedFileID
	}
	if v := t.Certification(platform.CertificationID(q.Subject.ID)); v != nil {
		line := fmt.Sprintf("企业 %s  %s  法定代表人 %s", v.Submitted.Name, v.Submitted.Registration, v.Submitted.LegalRepName)
		if v.IDMasked != "" {
			line += "  证件 " + v.IDMasked
		}
		lines = append(lines, line)
		if file == "" && len(v.Images) > 0 {
			file = v.Images[0]
		}
	}
	return lines, file
}
