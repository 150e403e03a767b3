// SPDX-License-Identifier: GPL-3.0-or-later
// Does a chore (list, gettree, puttree) under TLS with Apache Commons Net; called as net_ftp.pl is.

import java.io.*;
import java.lang.reflect.*;
import java.net.Socket;
import java.nio.file.*;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.util.*;
import javax.net.ssl.*;
import org.apache.commons.net.PrintCommandListener;
import org.apache.commons.net.ftp.*;

class CommonsNet extends FTPSClient {
    public static void main(String[] arguments) throws Exception {
        var words = new ArrayDeque<>(List.of(arguments));
        var client = new CommonsNet();
        String host = words.remove();
        client.setTrustManager(trusting(System.getenv("AUTHORITY")));
        client.setEndpointCheckingEnabled(true);
        client.setControlEncoding("UTF-8");
        client.setListHiddenFiles(true);
        client.addProtocolCommandListener(new PrintCommandListener(System.err, true));
        client.connect(host);
        client.need(client.login(words.remove(), new String(System.in.readAllBytes())));
        client.execPBSZ(0);
        client.execPROT("P");
        client.enterLocalPassiveMode();
        client.need(client.setFileType(FTP.BINARY_FILE_TYPE));
        client.need(client.changeWorkingDirectory(words.remove()));
        String chore = words.remove();
        if (chore.equals("list")) {
            for (FTPFile found : client.entries(".")) {
                System.out.println(found.getName());
            }
        }
        for (String name : words) {
            if (chore.equals("gettree")) {
                client.getTree(name);
            } else {
                client.putTree(name);
            }
        }
        client.logout();
        client.disconnect();
    }

    static X509TrustManager trusting(String authority) throws Exception {
        var store = KeyStore.getInstance(KeyStore.getDefaultType());
        store.load(null);
        try (var file = new FileInputStream(authority)) {
            var found = CertificateFactory.getInstance("X.509").generateCertificate(file);
            store.setCertificateEntry("authority", found);
        }
        var made = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        made.init(store);
        return (X509TrustManager) made.getTrustManagers()[0];
    }

    // It keeps sessions by host and port, so a data connection would never resume by itself. Whoever
    // has to do with servers that insist on it has something like this.
    @Override
    protected void _prepareDataSocket_(Socket data) throws IOException {
        try {
            var context = ((SSLSocket) _socket_).getSession().getSessionContext();
            Field field = context.getClass().getDeclaredField("sessionHostPortCache");
            field.setAccessible(true);
            Object sessions = field.get(context);
            String host = _socket_.getInetAddress().getHostName().toLowerCase(Locale.ROOT);
            Method get = method(sessions, "get", Object.class);
            Object newest = get.invoke(sessions, host + ":" + _socket_.getPort());
            if (newest != null) {
                Method put = method(sessions, "put", Object.class, Object.class);
                String there = data.getInetAddress().getHostAddress();
                put.invoke(sessions, there + ":" + data.getPort(), newest);
            }
        } catch (ReflectiveOperationException error) {
            throw new IOException(error);
        }
    }

    static Method method(Object object, String name, Class<?>... kinds) throws NoSuchMethodException {
        Method found = object.getClass().getDeclaredMethod(name, kinds);
        found.setAccessible(true);
        return found;
    }

    void need(boolean done) throws IOException {
        if (!done) {
            throw new IOException(getReplyString());
        }
    }

    List<FTPFile> entries(String directory) throws IOException {
        var found = new ArrayList<FTPFile>(List.of(mlistDir(directory)));
        found.removeIf(one -> Set.of(".", "..").contains(one.getName()));
        return found;
    }

    void getTree(String name) throws IOException {
        Files.createDirectory(Path.of(name));
        for (FTPFile found : entries(name)) {
            String path = name + "/" + found.getName();
            if (found.isDirectory()) {
                getTree(path);
            } else {
                try (var file = new FileOutputStream(path)) {
                    need(retrieveFile(path, file));
                }
            }
        }
    }

    void putTree(String name) throws IOException {
        File here = new File(name);
        if (here.isFile()) {
            try (var file = new FileInputStream(here)) {
                need(storeFile(name, file));
            }
            return;
        }
        need(makeDirectory(name));
        for (String child : here.list()) {
            putTree(name + "/" + child);
        }
    }
}
