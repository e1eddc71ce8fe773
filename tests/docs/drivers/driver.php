<?php

// Judge the cases on standard input with the functions of docs/verify.md, and print what they say.
require $argv[1];

$verdicts = [];
foreach (json_decode(stream_get_contents(STDIN), true) as $one) {
    $verdicts[] = "webhook_verify_{$one['scheme']}"($one['keys'], $one['given'], base64_decode($one['body']));
}
echo json_encode($verdicts), "\n";
