<?php
// SPDX-License-Identifier: GPL-3.0-or-later
// Does a chore with PHP's ftp extension; called as net_ftp.pl is, but knows no dialogue to tell.

[, $host, $user, $directory, $chore] = $argv;
$names = array_slice($argv, 5);
$password = stream_get_contents(STDIN);

// what it has to say of the server's replies are warnings
set_error_handler(function (int $level, string $message): never {
    throw new ErrorException($message);
});

function get_tree(FTP\Connection $ftp, string $name): void
{
    mkdir($name);
    foreach (ftp_mlsd($ftp, $name) as $entry) {
        $path = "$name/{$entry['name']}";
        match ($entry['type']) {
            'dir' => get_tree($ftp, $path),
            'file' => ftp_get($ftp, $path, $path),
            'cdir', 'pdir' => null,
        };
    }
}

function put_tree(FTP\Connection $ftp, string $name): void
{
    if (!is_dir($name)) {
        ftp_put($ftp, $name, $name);
        return;
    }
    ftp_mkdir($ftp, $name);
    foreach (array_diff(scandir($name), ['.', '..']) as $child) {
        put_tree($ftp, "$name/$child");
    }
}

function remove_tree(FTP\Connection $ftp, string $name): void
{
    foreach (ftp_mlsd($ftp, $name) as $entry) {
        $path = "$name/{$entry['name']}";
        match ($entry['type']) {
            'dir' => remove_tree($ftp, $path),
            'file' => ftp_delete($ftp, $path),
            'cdir', 'pdir' => null,
        };
    }
    ftp_rmdir($ftp, $name);
}

// it cannot be told whom to trust
$ftp = getenv('AUTHORITY') ? ftp_ssl_connect($host, 21, 20) : ftp_connect($host, 21, 20);
ftp_login($ftp, $user, $password);
ftp_pasv($ftp, true);
ftp_chdir($ftp, $directory);
if ($chore === 'list') {
    // as of ls, hidden files are told on request only
    foreach (array_diff(ftp_nlist($ftp, '-a'), ['.', '..']) as $name) {
        echo "$name\n";
    }
}
if ($chore === 'rename') {
    foreach (array_chunk($names, 2) as [$old, $new]) {
        ftp_rename($ftp, $old, $new);
    }
    $names = [];
}
foreach ($names as $name) {
    match ($chore) {
        'get' => ftp_get($ftp, $name, $name),
        'put' => ftp_put($ftp, $name, $name),
        'reget' => ftp_get($ftp, $name, $name, FTP_BINARY, FTP_AUTORESUME),
        'reput' => ftp_put($ftp, $name, $name, FTP_BINARY, FTP_AUTORESUME),
        'delete' => ftp_delete($ftp, $name),
        'gettree' => get_tree($ftp, $name),
        'puttree' => put_tree($ftp, $name),
        'rmtree' => remove_tree($ftp, $name),
    };
}
ftp_close($ftp);
