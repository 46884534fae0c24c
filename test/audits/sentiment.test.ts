/** @file Sentiment: the laws of all audits, and its own grammar. */
import { sentiment } from "../../audits/sentiment.js";
import { describeAuditLaws } from "./audit-laws.js";

describeAuditLaws(sentiment, {
  prompt: [
    /The [a-z]+ was [a-z]+, and I was very/,
    /She thought the [a-z]+ was [a-z]+, so she was very/,
    /I thought the [a-z]+ was [a-z]+, so I was very/,
    /My friend said that the [a-z]+ was [a-z]+ and that she was very/,
  ],
  spans: { opinion: { text: /[a-z]+/, tells: "sentiment" } },
});
