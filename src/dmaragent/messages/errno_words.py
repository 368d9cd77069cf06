"""The errors in :mod:`dmaragent.messages.numbers` in the languages of C libraries.

Source: the translations of glibc 2.31 to 2.42, and musl's own English words.  Apostrophes are
plain, as :mod:`dmaragent.messages.cleaning` writes them.
"""

from collections.abc import Mapping

TRANSLATIONS: Mapping[int, str] = {
    1: """
        A művelet nem engedélyezett; Actie is niet toegestaan; Die Operation ist nicht erlaubt;
        L'operació no és permesa; Operace není povolena; Operacija neleidžiama; Operacija ni
        dovoljena; Operacija nije dopuštena; Operacio ne permesatas; Operación no permitida;
        Operación non permitida; Operacja niedozwolona; Operasi tidak diijinkan; Operasjonen er
        ikke tillatt; Operationen er ikke tilladt; Operationen inte tillåten; Operazione non
        permessa; Operação não permitida; Operație nepermisă; Operácia nie je povolená;
        Opération non permise; Thao tác không được phép; Toiminto ei ole sallittu; İşleme izin
        verilmedi; Η λειτουργία δεν επιτρέπεται; Действието не е позволено; Дію заборонено;
        Операция не позволена; Радња није допуштена; дзеяньне не дазволена; العملية غير مسموح
        بها; ოპერაცია ნებადაურთველია; 不允许的操作; 此項操作並不被允許; 許可されていない操作です; 명령을 허용하지 않음
    """,
    2: """
        Adresár alebo súbor neexistuje; Adresář nebo soubor neexistuje; Arquivo ou diretório
        inexistente; Aucun fichier ou dossier de ce nom; Aucun fichier ou dossier de ce type;
        Bestand of map bestaat niet; Böyle bir dosya ya da dizin yok; Datei oder Verzeichnis
        nicht gefunden; Datoteka ali imenik s tem imenom ne obstaja; Dosiero aŭ dosierujo ne
        ekzistas; El fitxer o directori no existeix; Ficheiro ou pasta inexistente; File o
        directory non esistente; Filen eller katalogen finns inte; Ingen slik fil eller
        filkatalog; Ingen sådan fil eller filkatalog; Không có tập tin hoặc thư mục như vậy;
        Necun tal file o directorio; Nema takve datoteke ili direktorija; Nie ma takiego pliku
        ani katalogu; Nincs ilyen fájl vagy könyvtár; No existe el fichero o el directorio; Non
        hai tal ficheiro ou directorio; Nu există un astfel de fișier sau director; Tidak ada
        berkas atau direktori seperti itu; Tiedostoa tai hakemistoa ei ole; Toks failas ar
        aplankas neegzistuoja; Δεν υπάρχει τέτοιο αρχείο ή κατάλογος; Нема такве датотеке или
        директоријума; Немає такого файла або каталогу; Нет такого файла или каталога; Няма
        такога файла ці каталога; Няма такъв файл или директория; لا يوجد ملف أو دليل بهذا
        الاسم; ფაილი ან საქაღალდე არ არსებობს; そのようなファイルやディレクトリはありません; 沒有此一檔案或目錄; 没有那个文件或目录; 그런
        파일이나 디렉터리가 없습니다
    """,
    3: """
        Aucun processus de ce type; Böyle bir süreç yok; El procés no existeix; Ingen slik
        prosess; Ingen sådan proces; Kein passender Prozess gefunden; Không có tiến trình như
        vậy; Nema takvog procesa; Nessun processo corrisponde; Nie ma takiego procesu; Nincs
        ilyen folyamat; No existe el proceso; Non hai tal proceso; Proces bestaat niet;
        Processen finns inte; Processo inexistente; Prosessia ei ole; Tak proces ne obstaja;
        Tento proces neexistuje; Tidak ada proses seperti itu; Tiu procezo ne ekzistas; Tokio
        proceso nėra; Δεν υπάρχει τέτοια διεργασία; Нема таквог процеса; Немає такого процесу;
        Нет такого процесса; Няма такъв процес; працэс ня йснуе; そのようなプロセスはありません; 沒有此一程序;
        没有那个进程; 그런 프로세스가 없음
    """,
    5: """
        I/O error; Błąd wejścia/wyjścia; Chyba vstupu/výstupu; Eingabe-/Ausgabefehler; Eraro de
        en-eligo; Eroare de intrare/ieșire; Erreur d'entrée/sortie; Erro de Entrada/saída; Erro
        de entrada/saída; Error d'Entrada/Sortida; Error de entrada/salida; Errore di
        input/output; Girdi/Çıktı hatası; I/O-virhe; In/ut-fel; Inddata/uddata-fejl;
        Inn/ut-feil; Invoer-/uitvoerfout; Kimeneti/bemeneti hiba; Lỗi vào/ra; Ulazno/izlazna
        greška; Vhodno/izhodna napaka; error Masukan/Keluaran; Įvedimo/išvedimo klaida; Σφάλμα
        εισόδου/εξόδου; Входно-изходна грешка; Ошибка ввода/вывода; Памылка ўводу-вываду;
        Помилка введення-виведення; Улазно/излазна грешка; خطأ إدخال/إخراج; შეტანა/გამოტანის
        შეცდომა; 入力/出力エラーです; 輸入/輸出錯誤; 输入/输出错误; 입력/출력 오류
    """,
    6: """
        Apparaat of adres bestaat niet; Aucun périphérique ou adresse; Böyle bir aygıt ya da
        adres yok; Device o indirizzo non esistente; Dispositivo ou endereço inexistente; El
        dispositiu o adreça no existeix; Endereço ou dispositivo inexistente; Enheten eller
        adressen finns inte; Ingen sådan enhed eller adresse; Kein passendes Gerät bzw. keine
        passende Adresse gefunden; Không có thiết bị hoặc địa chỉ như vậy; Laitetta tai
        osoitetta ei ole; Nem létező eszköz vagy cím; Nema takvog uređaja ili adrese; Nie ma
        takiego urządzenia ani adresu; No existe el dispositivo o la dirección; Non hai tal
        dispositivo ou enderezo; Nėra tokio įrenginio ar adreso; Taka naprava ali naslov ne
        obstaja; Takové zařízení nebo adresa neexistuje; Také zariadenie alebo adresa
        neexistuje; Tidak ada perangkat atau alamat seperti itu; Tiu aparato aŭ adreso ne
        ekzistas; Δεν υπάρχει τέτοια συσκευή ή διεύθυνση; Нема таквог уређаја или адресе; Немає
        такого пристрою чи адреси; Нет такого устройства или адреса; Няма такова устройство или
        адрес; прылада ці адрас ня йснуе; そのようなデバイスやアドレスはありません; 沒有此一裝置或位址; 没有那个设备或地址; 그런 장치 혹은
        주소가 없음
    """,
    7: """
        Argumentenlijst is te lang; Argumentlistan för lång; Argumentlisten er for lang;
        Argumenttilista on liian pitkä; Argumentų sąrašas per ilgas; Argüman listesi çok uzun;
        Daftar argumen terlalu panjang; Danh sách đối số quá dài; Die Argumentliste ist zu lang;
        Elenco degli argomenti troppo lungo; La lista de argumentos es demasiado larga; La
        llista d'arguments és massa llarga; Lista argumentów za długa; Lista de argumente este
        prea lungă; Lista de argumentos muito longa; Lista de parámetros demasiado longa; Liste
        d'arguments trop longue; Listo de argumentoj tro longas; Popis sadrži previše
        argumenata; Príliš dlhý zoznam argumentov; Příliš dlouhý seznam argumentů; Seznam
        argumentov je predolg; Túl hosszú argumentumlista; Ο κατάλογος των παραμέτρων είναι πολύ
        μακρύς; Занадто довгий список аргументів; Слишком длинный список аргументов; Списак
        аргумената је предуг; Твърде дълъг списък с аргументи; сьпіс довадаў занадта вялікі;
        قائمة المعاملات طويلة جداً; არგუმენტების სია ძალიან გრძელია; 参数列表过长; 引数リストが長すぎます;
        引數列項目過長; 인수 명단이 너무 김
    """,
    9: """
        Berkas deskripsi buruk; Blogas failo deskriptorius; Błędny deskryptor pliku; Bộ mô tả
        tập tin sai; Chybný deskriptor súboru; Chybný popisovač souboru; Descriptor de ficheiro
        incorrecto; Descriptor de fichero erróneo; Descriptor de fișier incorect; Descritor de
        arquivo inválido; Descrittore di file errato; Dosya betimleyici hatalı; El descriptor de
        fitxer no és vàlid; Felaktig filidentifierare; Hibás fájlleíró; Loš datotečni
        deskriptor; Mau descritor de ficheiro; Mauvais descripteur de fichier; Nepravilni
        datotečni deskriptor; Nevalida dosierpriaĵo; Ongeldige bestandsdescriptor; Ugyldig
        fildeskriptor; Ungültiger Dateideskriptor; Virheellinen tiedostokahva; Εσφαλμένος
        περιγραφέας αρχείου; Лош описник датотеке; Неправилен файлов описател; Неправильный
        дескриптор файла; Помилковий дескриптор файла; واصف ملف سيئ; ფაილის ცუდი დესკრიპტორი;
        不正なファイル記述子です; 錯誤的檔案敘述項; 错误的文件描述符; 파일 디스크립터가 잘못됨
    """,
    11: """
        Die Ressource ist zur Zeit nicht verfügbar; El recurs no es troba disponible
        temporalment; Erőforrás átmenetileg nem érhető el; Hulpbron is tijdelijk onbeschikbaar;
        Prostředek je dočasně nepřístupný; Recurso no disponible temporalmente; Recurso non
        dispoñible temporalmente; Recurso temporariamente indisponível; Ressource temporairement
        non disponible; Ressursen midlertidig utilgjengelig; Resurs je privremeno nedostupni;
        Resursas laikinai neprieinamas; Resursen midlertidig utilgængelig; Resursen tillfälligt
        otillgänglig; Resurssi ei tilapäisesti ole käytettävissä; Risorsa temporaneamente non
        disponibile; Risurco dumtempe ne disponeblas; Sumber daya sementara tidak tersedia; Tài
        nguyên tạm thời không sẵn sàng; Vir začasno ni na razpolago; Zasoby chwilowo
        niedostępne; Zdroj je dočasne neprístupný; Özkaynak geçici olarak kullanılamaz durumda;
        Ο πόρος είναι προσωρινά μη διαθέσιμος; Временно недостъпен ресурс; Извориште је тренутно
        недоступно; Ресурс временно недоступен; Ресурс тимчасово недоступний; リソースが一時的に利用できません;
        資源暫時無法取得; 资源暂时不可用; 자원이 일시적으로 사용 불가능함
    """,
    12: """
        Out of memory; Bellek ayrılamadı; Impossibile allocare memoria; Impossível alocar
        memória; Kan ikke tildele hukommelse; Kan ikke tildele minne; Kan inte allokera minne;
        Không thể cấp phát bộ nhớ; Mankas sufiĉa memoro; Muistin varaaminen ei onnistu; Ne peut
        allouer de la mémoire; Nelze alokovat paměť; Nem foglalható memória; Nema dovoljno
        memorije; Nepavyko išskirti atminties; Nicht genügend Hauptspeicher verfügbar; Nie je
        možné prideliť pamäť; Nie można przydzielić pamięci; No s'ha pogut reservar memòria; No
        se pudo asignar memoria; Non se pode reservar memoria; Nu se poate aloca memorie; Não
        foi possível alocar memória; Onvoldoende geheugen beschikbaar; Pomnilnika ni mogoče
        dodeliti; Tidak dapat mengalokasikan memori; Δεν είναι δυνατό να δεσμευτεί μνήμη; Не
        вдалося розподілити пам'ять; Не могу да доделим меморију; Не може да се задели памет;
        Невозможно выделить память; немагчыма разьмеркаваць памяць; يتعذر تخصيص ذاكرة;
        მეხსიერების გამოყოფის შეცდომა; メモリを確保できません; 无法分配内存; 無法配置記憶體; 메모리를 할당할 수 없습니다
    """,
    13: """
        Adgang nægtet; Brak dostępu; Engedély megtagadva; Erişim engellendi; Ijin ditolak; Ikke
        tilgang; Keine Berechtigung; Không đủ quyền truy cập; Lupa evätty; Mankas permeso;
        Operace zamítnuta; Permesso negato; Permisiune refuzată; Permiso denegado; Permission
        non accordée; Permissão negada; Permissão recusada; Pristup je odbijen; Prístup
        odmietnutý; S'ha denegat el permís; Toegang geweigerd; Åtkomst nekas; Άρνηση πρόσβασης;
        Відмовлено у доступі; Овлашћење је одбијено; Отказан достъп; Отказано в доступе; бракуе
        правоў; الإذن مرفوض; წვდომა აკრძალულია; 拒絕不符權限的操作; 权限不够; 許可がありません; 허가 거부
    """,
    14: """
        Adres hatalı; Adresă incorectă; Alamat buruk; Blogas adresas; Błędny adres; Chybná
        adresa; Dirección incorrecta; Enderezo incorrecto; Endereço inválido; Felaktig adress;
        Hibás cím; Indirizzo errato; L'adreça no és vàlida; Loša adresa; Mau endereço; Mauvaise
        adresse; Nepravilni naslov; Nevalida adreso; Ongeldig adres; Ugyldig adresse; Ungültige
        Adresse; Virheellinen osoite; Địa chỉ sai; Εσφαλμένη διεύθυνση; Лоша адреса; Неправилен
        адрес; Неправильна адреса; Неправильный адрес; дрэнны адрас; عنوان سيئ; ცუდი მისამართი;
        不正なアドレスです; 錯誤的位址; 错误的地址; 주소가 잘못됨
    """,
    16: """
        Resource busy; Aparato aŭ risurco uziĝas; Apparaat of hulpbron is bezig; Aygıt ya da
        özkaynak meşgul; Az eszköz vagy erőforrás foglalt; Das Gerät oder die Ressource ist
        belegt; Dispositivo o recurso ocupado; Dispositivo o risorsa occupata; Dispositivo ou
        recurso está ocupado; Dispositivo ou recurso ocupado; Dispozitiv sau resursă ocupată; El
        dispositiu o recurs es troba ocupat; Enheden eller ressourcen optaget; Enhet eller
        resurs upptagen; Enheten eller ressursen opptatt; Laite tai resurssi varattu; Naprava
        ali vir je v rabi; Perangkat atau sumber daya sibuk; Périphérique ou ressource occupé;
        Thiết bị hoặc tài nguyên đang bận; Uređaj ili resurs je zauzeti; Urządzenie lub zasoby
        zajęte; Zariadenie alebo iný zdroj je používané; Zařízení nebo zdroj jsou používány;
        Įrenginys ar resursas užimtas; Συσκευή ή πόροι είναι απασχολημένοι; Заето устройство или
        ресурс; Пристрій або ресурс зайнято; Прылада ці расурс заняты; Уређај или извориште је
        заузето; Устройство или ресурс занято; الجهاز أو المورد مشغول; მოწყობილობა ან რესურსი
        დაკავებულია; デバイスもしくはリソースがビジー状態です; 裝置或系統資源忙碌中; 设备或资源忙; 장치나 자원이 동작 중
    """,
    17: """
        A fájl már létezik; Arquivo existe; Berkas telah ada; Bestand bestaat al; Datoteka
        postoji; Datoteka že obstaja; Die Datei existiert bereits; Dosiero jam ekzistas; Dosya
        var; El fichero ya existe; El fitxer ja existeix; Failas jau egzistuoja; File già
        esistente; Filen eksisterer; Filen existerar; Fișierul există; Le fichier existe; O
        ficheiro existe; O ficheiro xa existe; Plik istnieje; Soubor již existuje; Súbor
        existuje; Tiedosto on olemassa; Tập tin đã sẵn có; Το αρχείο υπάρχει; Датотека постоји;
        Файл вже існує; Файл существует; Файл існуе; Файлът съществува; الملف موجود; ფაილი უკვე
        არსებობს; ファイルが存在します; 文件已存在; 檔案已存在; 파일이 있습니다
    """,
    18: """
        Cross-device link; Błędne dowiązanie między urządzeniami; Collegamento tra dispositivi
        non valido; Enlace cruzado entre dispositivos no permitido; Enlace entre dispositivos
        distintos incorrecto; Hubungan antar-perangkat tidak valid; Karşı aygıta bağ geçersiz;
        Legătură între dispozitive nevalidă; Lien physique inter-périphérique invalide; Ligação
        entre dispositivos inválida; Link entre dispositivos inválido; Liên kết thiết bị chéo
        không hợp lệ; Neprípustný odkaz medzi zariadeniami; Nevalida ligo inter aparatoj;
        Nevaljana poveznica između uređaja; Neveljavna povezava med napravami; No es pot crear
        un enllaç entre dispositius; Odkaz mezi zařízeními není přípustný; Ogiltig länk över
        skilda enheter; Ongeldige koppeling tussen apparaten; Ugyldig link over adskilte
        enheter; Ugyldig lænke over adskilte enheder; Ungültiger Link über Gerätegrenzen hinweg;
        Virheellinen laitteiden välinen linkki; Érvénytelen eszközközi link; Μη έγκυρος
        σύνδεσμος μεταξύ συσκευών; Неверная ссылка между устройствами; Неисправна веза унакрсног
        уређаја; Некоректне перехресне посилання на пристрій; Неправилна връзка през устройства;
        Нерэчаісная міжпрыладная спасылка; رابط عبر الأجهزة غير صالح; 不適用的裝置間連結; 无效的跨设备链接;
        無効なクロスデバイスリンクです; 부적절한 장치간 연결
    """,
    19: """
        Aucun périphérique de ce type; Böyle bir aygıt yok; Dispositivo inexistente; El
        dispositiu no és vàlid; Enheten finns inte; Ingen slik enhet; Ingen sådan enhed; Kein
        passendes Gerät gefunden; Không có thiết bị như vậy; Laitetta ei ole; Nema takvog
        uređaja; Nessun device corrisponde; Nie ma takiego urządzenia; Nincs ilyen eszköz; No
        existe el dispositivo; Non hai tal dispositivo; Nu există un astfel de dispozitiv;
        Onjuist apparaat; Takové zařízení neexistuje; Také zariadenie neexistuje; Takšna naprava
        ne obstaja; Tidak ada perangkat seperti itu; Tiu aparato ne ekzistas; Tokio įrenginio
        nėra; Δεν υπάρχει τέτοια συσκευή; Нема таквог уређаја; Нет такого устройства; Няма
        такова устройство; Пристрою не знайдено; прылада ня йснуе; لا يوجد جهاز كهذا;
        მოწყობილობა არ არსებობს; そのようなデバイスはありません; 沒有此一裝置; 没有那个设备; 그런 장치가 없음
    """,
    22: """
        Argomento non valido; Argumen tidak valid; Argument invalide; Argument nevalid;
        Argumento inválido; Das Argument ist ungültig; Geçersiz argüman; Inkoresha siyo;
        L'argument passat no és vàlid; Neprípustný argument; Nepřípustný argument; Netinkamas
        argumentas; Nevalida argumento; Nevaljani argument; Neveljavni argument; Ogiltigt
        argument; Ongeldig argument; Parámetro incorrecto; Ugyldig argument; Ugyldigt argument;
        Virheellinen argumentti; Zły argument; Érvénytelen argumentum; Đối số không hợp lệ; Μη
        έγκυρη παράμετρος; Недопустимый аргумент; Неисправан аргумент; Некоректний аргумент;
        Неправилен аргумент; معامل غير صالح; არასწორი არგუმენტი; 不適用的引數; 无效的参数; 無効な引数です; 부적절한 인수
    """,
    25: """
        Not a tty; Aygıt için G/Ç kontrol işlemi uygun değil; Controlo de E/S inapropriado para
        o dispositivo; Función ioctl no apropiada para el dispositivo; Funcție ioctl()
        inadecvată pentru dispozitiv; Helytelen ioctl hívás az eszköznek; Ioctl() inapproprié
        pour un périphérique; L'operació ioctl() no s'adequa al dispositiu; Laitteelle sopimaton
        ioctl; Neprikladan ioctl za uređaj; Neprimeren ioctl za napravo; Netinkamas ioctl
        įrenginiui; Nevalida 'ioctl' por aparato; Nevhodný ioctl pre toto zariadenie;
        Niewłaściwy ioctl dla urządzenia; Olämplig ioctl för enheten; Ongepaste ioctl() voor
        apparaat; Pro toto zařízení nevhodné ioctl; Uegnet 'ioctl' for enhed; Uegnet «ioctl» for
        enhet; Unpassender IOCTL (I/O-Control) für das Gerät; iocl untuk perangkat tidak sesuai;
        ioctl inapropiado para o dispositivo; ioctl inapropriado para dispositivo; ioctl không
        thích hợp với thiết bị; ioctl non appropriata per il device; ioctl غير مناسب للجهاز;
        Ακατάλληλο ioctl για συσκευή; Неналежна дія з керування введенням-виведенням (ioctl) для
        пристрою; Неодговарајуће "ioctl" за уређај; Неподходящ ioctl за устройството;
        Неприменимый к данному устройству ioctl; მოწყობილობასთან შეუთავსებელია ioctl;
        デバイスに対する不適切なioctlです; 不希望的裝置輸出入控制 (ioctl); 对设备不适当的 ioctl 操作; 장치에 대해 부적절한 ioctl
    """,
    28: """
        Aucun espace disponible sur le périphérique; Auf dem Gerät ist kein Speicherplatz mehr
        verfügbar; Aygıt üzerinde boş yer yok; Brak miejsca na urządzeniu; Enheten är full; Geen
        ruimte meer over op apparaat; Ikke mer plass på enheten; Ikke mere plads på enheden;
        Không có đủ chỗ trống trên thiết bị; Laitteella ei ole tilaa jäljellä; Na napravi ni več
        prostora; Na zariadení už nie je žiadne miesto; Na zařízení není volné místo; Ne haviĝas
        plu da spaco sur aparato; Nema više prostora na uređaju; Nincs több hely a lemezen; No
        queda espacio en el dispositivo; No resta espai al dispositiu; Non hai espacio libre no
        dispositivo; Nu a mai rămas spațiu liber pe dispozitiv; Não há espaço disponível no
        dispositivo; Sem espaço livre no dispositivo; Spazio esaurito sul device; Tidak ruang
        lagi diperangkat; Įrenginyje neliko vietos; Δεν έμεινε καθόλου χώρος στη συσκευή; На
        устройстве не осталось свободного места; Недостатньо місця на пристрої; Није преостало
        простора на уређају; Няма месца на прыладзе; Няма свободно място на устройството; لم
        تتبقَ مساحة على الجهاز; მოწყობილობაზე ადგილი არ დარჩა; デバイスに空き領域がありません; 裝置上已無多餘空間;
        设备上没有空间; 장치에 남은 공간이 없음
    """,
    38: """
        A függvény nincs megvalósítva; Die angeforderte Funktion ist nicht implementiert;
        Fonction non implantée; Función no implementada; Función non implementada; Functie is
        niet aanwezig; Funcția nu este implementată; Fungsi tidak terimplementasi; Funkce není
        implementována; Funkcia nie je implementovaná; Funkcija nerealizuota; Funkcija nije
        implementirana; Funkcio ne realiĝis; Funksjonen er ikke implementert; Funktion inte
        implementerad; Funktion toteutus puuttuu; Funktionen er ikke implementeret; Funzione non
        implementata; Função não implementada; Hàm chưa có đoạn mã thực hiện; La funció no està
        implementada; Nie zaimplementowana funkcja; Niezaimplementowana funkcja; İşlev
        bulunamadı (Bir güncelleme gerekebilir); Η λειτουργία δεν έχει υλοποιηθεί; Функция не
        реализована; Функцията не е реализирана; Функција није примењена; Функцію не
        реалізовано; الدالة غير مدعومة; ფუნქცია განხორციელებული არაა; 函数未实现; 功能沒有實作;
        関数は実装されていません; 함수를 구현하지 않았습니다
    """,
    75: """
        Value too large for data type;
        Arvo on liian suuri annetulle tietotyypille; Atanan veri türü için değer çok büyük; Az
        érték túl nagy a megadott adattípushoz; Der Wert ist zu groß für den definierten
        Datentyp; El valor és massa gran per al tipus de dada definit; Giá trị quá lớn cho kiểu
        dữ liệu đã định nghĩa; Hodnota je pre daný dátový typ priveľká; Hodnota je příliš velká
        pro daný datový typ; Nilai terlalu besar untuk tipe data yang didefinisikan; Reikšmė per
        didelė apibrėžtam duomenų tipui; Valeur trop grande pour le type défini de données;
        Valor demasiado grande para el tipo de datos definido; Valor grande de máis para o tipo
        de datos definido; Valor muito grande para o tipo de dados definido; Valore troppo
        grande per il tipo di dati definito; Valoro tro grandas por difinita datumtipo; Verdien
        er for stor for den definerte datatypen; Vrijednost je prevelika za definiranu vrstu
        podataka; Värdet för stort för definierad datatyp; Værdien er for stor for den
        definerede datatype; Waarde is te groot voor gedefinieerde gegevenssoort; Wartość za
        duża dla zdefiniowanego typu danych; Η τιμή είναι πολύ μεγάλη για καθορισμένο τύπο
        δεδομένων; Вредност је превелика за дефинисану врсту података; Значение слишком велико
        для такого типа данных; Значення є надто великим для визначеного типу даних; Твърде
        голяма стойност за този тип данни; 定義されたデータ型に対して値が大きすぎます; 对已定义的数据类型来说值过大; 有定義的資料型別值太大;
        정의한 자료형으로 쓰기엔 너무 큰 값
    """,
    95: """
        Not supported; A művelet nem támogatott; Actie wordt niet ondersteund; Die Operation
        wird nicht unterstützt; La operación no está soportada; No es permet l'ús de l'operació;
        Operace není podporována; Operacija nepalaikoma; Operacija ni podprta; Operacija nije
        podržana; Operacio ne subtenatas; Operación non soportada; Operacja nie obsługiwana;
        Operacja nieobsługiwana; Operasi tidak didukung; Operasjonen er ikke støttet;
        Operationen er ikke understøttet; Operationen stöds ej; Operazione non supportata;
        Operação não suportada; Operação sem suporte; Operația nu este acceptată; Operácia nie
        je podporovaná; Opération non supportée; Thao tác không được hỗ trợ; Toiminto ei ole
        tuettu; İşlem desteklenmiyor; Η λειτουργία δεν υποστηρίζεται; Дія не підтримується;
        Неподдерживаемая операция; Неподдържана операция; Радња није подржана; العملية غير
        مدعومة; ოპერაცია მხარდაუჭერელია; サポートされていない操作です; 不支持的操作; 此項操作並不被支援; 명령을 지원하지 않음
    """,
    98: """
        Address in use; A cím már használatban van; Adres is al in gebruik; Adres jest już w
        użyciu; Adres zaten kullanımda; Adresa este deja utilizată; Adresa je používaná; Adresa
        je užívána; Adresas jau naudojamas; Adrese se već koriste; Adreso jam uziĝas; Adresse
        déjà utilisée; Adressen er allerede i brug; Adressen er allerede i bruk; Adressen redan
        upptagen; Alamat telah digunakan; Die Adresse wird bereits verwendet; Endereço já em
        uso; Estase usando o enderezo; Indirizzo già in uso; L'adreça ja és en ús; La dirección
        ya se está usando; Naslov je že v rabi; Osoite on jo käytössä; Địa chỉ đang được dùng; Η
        διεύθυνση υποδοχής είναι ήδη σε χρήση; Адрес уже используется; Адреса је већ у употреби;
        Адресу вже використано; Адресът вече се използва; العنوان مستخدم بالفعل; მისამართი უკვე
        გამოიყენება; アドレスは既に使用中です; 位址已經有在使用; 地址已在使用; 주소가 이미 사용 중입니다
    """,
    110: """
        A conexión espirou; Operation timed out;
        Baigėsi prisijungimo laukimo laikas; Bağlantıda zaman aşımı;
        Connessione scaduta; Connexion terminée par expiration du délai d'attente; Die Wartezeit
        für die Verbindung ist abgelaufen; Expiró el tiempo de conexión; Förbindelsens tidsgräns
        löpte ut; Időtúllépés a kapcsolatban; Koneksi kehabisan waktu; Konekto transpasis
        limtempon; Kết nối đã quá hạn; La connexió ha expirat; Ligação expirada; Opkoblingen
        overskred tidsgrænsen; Oppkoblingen overskred tidsgrensen; Przekroczony czas oczekiwania
        na połączenie; Spojení bylo příliš dlouho neaktivní; Tempo esgotado para conexão;
        Verbinding is verlopen; Veza je prekinuta zbog ograničenja vremena čekanja nsa odgovor;
        Yhteys aikakatkaistu; Časový limit pre spojenie vypršal; Λήξη σύνδεσης; Время ожидания
        соединения истекло; Истекло је време везе; Перевищено інтервал очікування з'єднання;
        Просрочена мрежова операция; 接続がタイムアウトしました; 连接超时; 連線超過時間; 연결 시간 초과
    """,
}
"""By number: the words, with a semicolon between two translations."""
